/**
 * ReadStream: the changes of a cluster, as they are committed, over HTTP (docs/change-streams.md).
 *
 *   GET /borealis/clusters/ID/streams/STREAM/records?position=…&wait-seconds=N
 *
 * One JSON document a line, or server-sent events where the Accept header asks for them: `{"position":"…","record":{…}}` a change, and `{"position":"…"}` now
 * and then while there is none. A position names all that came before it: who asks again with the last one that he knows goes on there.
 *
 *   SR1  An answer ends after some minutes, and who goes on is asked again who he is and what he may.
 *   SR2  What an answer cannot go on with is its last line (or event): `{"error":{…}}`. An answer that ends without one has told all until then.
 */
import { type ChangeFeed, type FeedStart, PlaceGone } from '#deployment/change-streams/change-feed.ts';
import { isBefore, placeOf, type StreamPlace } from '#deployment/change-streams/stream-place.ts';
import type { StreamRecord } from '#deployment/cluster-records.ts';
import { conflict } from '#deployment/cluster-refusal.ts';
import { type ApiCall, FlowingAnswer, type Operation } from './api-call.ts';
import { ApiError, invalidFields } from './api-error.ts';
import { found } from './stream-operations.ts';

const longestSeconds = 600;
const heartbeatMs = 5_000;
/** Answers under way on this node. */
const readersAtOnce = 64;

/** How changes are written down. */
type Form = {
  readonly contentType: string;
  readonly change: (position: string, record: string) => string;
  readonly position: (position: string) => string;
  readonly error: (content: string) => string;
};

const lines: Form = {
  contentType: 'application/x-ndjson',
  change: (position, record) => `{"position":"${position}","record":${record}}\n`,
  position: (position) => `{"position":"${position}"}\n`,
  error: (content) => `{"error":${content}}\n`,
};

const events: Form = {
  contentType: 'text/event-stream',
  change: (position, record) => `id: ${position}\nevent: change\ndata: ${record}\n\n`,
  position: (position) => `id: ${position}\nevent: position\ndata: {}\n\n`,
  error: (content) => `event: failure\ndata: ${content}\n\n`,
};

export function streamReading(): readonly Operation[] {
  const readers = { count: 0 };
  return [
    {
      name: 'ReadStream',
      method: 'GET',
      path: '/borealis/clusters/:clusterIdentifier/streams/:streamIdentifier/records',
      run: (call) => read(call, readers),
    },
  ];
}

async function read(call: ApiCall, readers: { count: number }): Promise<FlowingAnswer> {
  const { query } = call;
  const asked = call.parts.headers.get('last-event-id') ?? query.text('position', { minimum: 1, maximum: 100 }) ?? 'TRIM_HORIZON';
  const waitSeconds = query.integer('wait-seconds', 0, longestSeconds) ?? longestSeconds;
  query.check();
  const stream = found(call, 'borealis:ReadStream');
  if (stream.status !== 'ACTIVE' || stream.start === undefined)
    throw conflict(stream.clusterId, `Stream ${stream.id} is ${stream.status}.`);
  if (readers.count >= readersAtOnce)
    throw new ApiError('ThrottlingException', 429, `${readersAtOnce} readers of streams are here: no more are taken.`);
  const start = await startAskedFor(call, stream, stream.start, asked);
  const form = /\btext\/event-stream\b/.test(call.parts.headers.get('accept') ?? '') ? events : lines;
  return new FlowingAnswer(form.contentType, pieces(call, stream, start, form, waitSeconds * 1_000, readers));
}

/** Never before the stream's beginning. */
async function startAskedFor({ clusters }: ApiCall, stream: StreamRecord, start: StreamPlace, asked: string): Promise<FeedStart> {
  if (asked === 'TRIM_HORIZON') return { place: start, mayBeGone: true };
  if (asked === 'LATEST') return { place: (await clusters.journalEnd(stream)) ?? start, mayBeGone: false };
  const place = placeOf(asked, start.journalId);
  if (place === undefined)
    throw invalidFields([{ name: 'position', message: "Value at 'position' is not a position of this stream, TRIM_HORIZON or LATEST" }]);
  return { place: isBefore(place, start) ? start : place, mayBeGone: false };
}

async function* pieces(
  { clusters, parts }: ApiCall,
  stream: StreamRecord,
  start: FeedStart,
  form: Form,
  waitMs: number,
  readers: { count: number },
): AsyncGenerator<string, void, undefined> {
  const figures = clusters.streamFigures.of(stream);
  const { clock } = parts.world;
  const untilMs = clock.monotonicMs() + waitMs;
  let feed: ChangeFeed | undefined;
  readers.count++;
  try {
    feed = await clusters.changeFeed(stream, start);
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs();
      const changes = await feed?.next(Math.max(0, Math.min(leftMs, heartbeatMs)));
      if (feed === undefined || changes === undefined || clusters.registry.stream(stream)?.status !== 'ACTIVE') {
        yield form.error(failure('ConflictException', 'The stream can no longer be read here.'));
        return;
      }
      let text = '';
      for (const { place, record } of changes) {
        text += form.change(place, record);
        figures.bytes += record.length;
      }
      figures.records += changes.length;
      figures.behindMs = feed.behindMs;
      yield changes.length === 0 ? form.position(feed.place) : text;
      if (clock.monotonicMs() >= untilMs && (changes.length === 0 || waitMs > 0)) return;
    }
  } catch (error) {
    if (!(error instanceof PlaceGone)) parts.world.log.error('a change stream cannot be read', { stream: stream.id, error: String(error) });
    yield error instanceof PlaceGone
      ? form.error(failure('ExpiredPositionException', error.message))
      : form.error(failure('InternalServerException', 'An internal error has occurred: the log of the deployment has the details.'));
  } finally {
    feed?.close();
    readers.count--;
  }
}

const failure = (type: string, message: string): string => JSON.stringify({ type, message });
