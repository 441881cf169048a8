/** What Borealis has beside AWS' operations: Regions and the faults tried on them, the audit log, the time series. */
import type { AuditLog } from '../audit-log.ts';
import type { Regions } from '../regions.ts';
import type { TimeSeries } from '../time-series.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidRequest, resourceNotFound } from './api-error.ts';

export type OwnParts = { readonly regions: Regions; readonly audit: AuditLog; readonly series: TimeSeries };

const anything = 'arn:aws:borealis:::*';

export function ownOperations({ regions, audit, series }: OwnParts): readonly Operation[] {
  const fault = (name: string, path: string, work: (region: string) => void | Promise<void>, needsEndpoint: boolean): Operation => ({
    name,
    method: 'POST',
    path: `/borealis/regions/:region/${path}`,
    run: async (call) => {
      const region = call.pathText('region', { minimum: 1, maximum: 50 });
      call.authorize(`borealis:${name}`, `arn:aws:borealis:::region/${region}`);
      if (!regions.has(region)) throw resourceNotFound(`There is no Region ${region} here.`, region, 'region');
      if (needsEndpoint && !regions.hasEndpoint(region))
        throw invalidRequest('other', `${region} is the witness Region: it has no endpoint to stop or start.`);
      await work(region);
      return { regions: regions.states };
    },
  });
  return [
    {
      name: 'ListRegions',
      method: 'GET',
      path: '/borealis/regions',
      isUnaudited: true,
      run: (call) => {
        call.authorize('borealis:ListRegions', anything);
        return { regions: regions.states, rttMs: regions.rttMs };
      },
    },
    fault('IsolateRegion', 'isolate', (region) => regions.isolate(region), false),
    fault('HealRegion', 'heal', (region) => regions.heal(region), false),
    fault('StopRegion', 'stop', (region) => regions.stop(region), true),
    fault('StartRegion', 'start', (region) => regions.start(region), true),
    { name: 'ListAuditEvents', method: 'GET', path: '/borealis/audit', isUnaudited: true, run: (call) => listAudit(call, audit) },
    { name: 'GetSeries', method: 'GET', path: '/borealis/series', isUnaudited: true, run: (call) => getSeries(call, series) },
  ];
}

function listAudit(call: ApiCall, audit: AuditLog): Answer {
  const { query } = call;
  const limit = query.integer('max-results', 1, 1_000) ?? 100;
  query.check();
  call.authorize('borealis:ListAuditEvents', anything);
  return { events: audit.recent(limit) };
}

/** Without a metric: which there are. */
function getSeries(call: ApiCall, series: TimeSeries): Answer {
  const { query } = call;
  const metric = query.text('metric', { minimum: 1, maximum: 100 });
  const seconds = query.integer('seconds', 1, 24 * 60 * 60) ?? 3_600;
  query.check();
  call.authorize('borealis:GetSeries', anything);
  return metric === undefined
    ? { metrics: series.metrics }
    : { metric, stepSeconds: series.stepSeconds, series: series.read(metric, seconds) };
}
