/** The environment variables by which libpq and the AWS SDKs find an endpoint: what `borealis env` prints and `borealis psql` sets. */
import { type Endpoint, tokenFor } from './endpoint.ts';

/** 12 hours: a working day with one `eval`. */
const environmentTokenSeconds = 12 * 60 * 60;

export async function connectionEnvironment(endpoint: Endpoint, user: string): Promise<Readonly<Record<string, string>>> {
  const scheme = endpoint.isHttpSecure ? 'https' : 'http';
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  // The Region's default cluster is reached by address alone. Another one is named twice: by the host name, for TLS, and by the start-up
  // option, for clients that send no server name; the address says where that host really is.
  const where = endpoint.isDefaultCluster
    ? { PGHOST: endpoint.address }
    : { PGHOST: endpoint.hostName, PGHOSTADDR: endpoint.address, PGOPTIONS: `-c amzn-cluster-id=${endpoint.clusterId}` };
  return {
    ...where,
    PGPORT: String(endpoint.port),
    PGUSER: user,
    PGPASSWORD: await tokenFor(endpoint, user, environmentTokenSeconds),
    PGDATABASE: 'postgres',
    PGSSLMODE: 'require',
    AWS_ACCESS_KEY_ID: endpoint.key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: endpoint.key.secretAccessKey,
    ...(endpoint.key.session === undefined ? {} : { AWS_SESSION_TOKEN: endpoint.key.session.token }),
    AWS_REGION: endpoint.region,
    // The older name, which boto3 and the first AWS CLI read.
    AWS_DEFAULT_REGION: endpoint.region,
    AWS_ENDPOINT_URL_DSQL: `${scheme}://${host}:${endpoint.httpPort}`,
  };
}
