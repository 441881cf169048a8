/** The log of a running deployment, on standard error: lines for people, or JSON for machines. */
import { destination, pino } from 'pino';
import type { Logger } from '#base/world.ts';
import type { StartOptions } from './options.ts';

export async function makeLog(options: Pick<StartOptions, 'logLevel' | 'logFormat'>): Promise<Logger> {
  const settings = { level: options.logLevel, base: null };
  const log =
    options.logFormat === 'json'
      ? pino(settings, destination({ dest: 2, sync: true }))
      : pino(
          settings,
          (await import('pino-pretty')).default({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' }),
        );
  return {
    debug: (message, data) => log.debug(data ?? {}, message),
    info: (message, data) => log.info(data ?? {}, message),
    warn: (message, data) => log.warn(data ?? {}, message),
    error: (message, data) => log.error(data ?? {}, message),
  };
}
