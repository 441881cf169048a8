/** Change streams of a cluster: the API's operations, and reading one (docs/change-streams.md). */
import { control } from '../api/control-plane.ts';
import { readLines } from '../api/json-lines.ts';
import { request, send } from '../api/request.ts';

export type Stream = {
  readonly streamIdentifier: string;
  readonly arn: string;
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING' | 'DELETED' | 'FAILED' | 'IMPAIRED';
  readonly creationTime: number;
};

export type Change = {
  readonly op: 'c' | 'u' | 'd' | 't';
  readonly before: unknown;
  readonly after: unknown;
  readonly source: { readonly ts_ms: number; readonly schema: string; readonly table: string; readonly txId: string };
};

export type StreamLine =
  | { readonly position: string; readonly record?: Change }
  | { readonly error: { readonly type: string; readonly message: string } };

export const listStreams = async (region: string, id: string): Promise<readonly Stream[]> =>
  (await request<{ readonly streams: readonly Stream[] }>('GET', control(region, `/stream/${id}?max-results=100`))).streams;

/** The API wants a Kinesis stream to write to; here its name is kept and nothing is sent to it. */
export const createStream = (region: string, id: string, clientToken: string): Promise<Stream> =>
  request('POST', control(region, `/stream/${id}`), {
    ordering: 'UNORDERED',
    format: 'JSON',
    targetDefinition: {
      kinesis: {
        streamArn: `arn:aws:kinesis:${region}:000000000000:stream/borealis-${id}`,
        roleArn: 'arn:aws:iam::000000000000:role/borealis-stream',
      },
    },
    clientToken,
  });

export const deleteStream = (region: string, id: string, stream: string): Promise<unknown> =>
  request('DELETE', control(region, `/stream/${id}/${stream}`));

/** From a position on, until the answer ends. */
export async function readStream(
  place: { readonly region: string; readonly id: string; readonly stream: string },
  position: string,
  signal: AbortSignal,
  take: (line: StreamLine) => void,
): Promise<void> {
  const path = `/borealis/clusters/${place.id}/streams/${place.stream}/records?position=${encodeURIComponent(position)}`;
  await readLines(await send('GET', control(place.region, path), { signal }), take);
}
