// AWS KMS and S3 on this machine: the emulator ministack, for the demo and the tests.
import { answers, freePort, startChild } from './child.mjs';
import { venv } from './venv.mjs';

const REGION = 'us-east-1';
const KEY = 'test'; // the emulator's root credentials, with `auth` too

/**
 * @param {{ auth?: boolean, env?: Record<string, string> }} [options] auth: enforce credentials, IAM, key policies and the
 *   buckets' CORS rules; env: further settings of the emulator
 */
export async function startEmulator({ auth = false, env = {} } = {}) {
  const python = await venv('emulator');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = startChild(python, ['-m', 'ministack'], {
    ...process.env,
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    IOT_MTLS_ENABLED: '0', // else it listens on 0.0.0.0:8883, whatever BIND_HOST says
    SERVICES: 'kms,s3,cloudtrail,iam,sts',
    MINISTACK_REGION: REGION,
    LOG_LEVEL: 'WARNING',
    ...(auth && { AUTH: 'true' }),
    ...env,
  });
  await child.until(() => answers(`${endpoint}/_ministack/ready`));
  return {
    endpoint,
    /** For the AWS SDK for JavaScript: `new KMSClient(emulator.config)`. */
    config: { endpoint, region: REGION, credentials: { accessKeyId: KEY, secretAccessKey: KEY } },
    /** For everything that takes its settings from the environment. */
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: KEY,
      AWS_SECRET_ACCESS_KEY: KEY,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stop: child.stop,
  };
}
