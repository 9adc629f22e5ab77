// AWS KMS and S3 on this machine: the emulator ministack with what tools/emulator/ adds, for the demo and the tests.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.mjs';
import { startChild, startForked, startOnPort } from './child.mjs';
import { run } from './run.mjs';
import { venv } from './venv.mjs';

const LAUNCHER = fileURLToPath(new URL('emulator', import.meta.url)); // with -B, which writes no compiled files into it
const STOCK = fileURLToPath(new URL('emulator/stock.py', import.meta.url));
const REGION = 'us-east-1';
const KEY = 'test'; // the emulator's root credentials, with `auth` too

const SERVICES = 'kms,s3,cloudtrail,iam,sts';
/** With all that infra/kmseal.yaml needs. */
const STACK_SERVICES = `${SERVICES},cloudformation,sqs,events,logs,lambda`;

const settings = (auth, stack) => ({
  ...process.env,
  BIND_HOST: '127.0.0.1',
  IOT_MTLS_ENABLED: '0', // else it listens on 0.0.0.0:8883, whatever BIND_HOST says
  SERVICES: stack ? STACK_SERVICES : SERVICES,
  MINISTACK_REGION: REGION,
  LOG_LEVEL: 'WARNING',
  ...(auth && { AUTH: 'true' }),
});

/** The sockets of the nurseries in a folder, by whether their emulators enforce credentials. */
const socketOf = (folder, auth) => path.join(folder, auth ? 'auth' : 'open');

/** A file of RSA keys that emulators of tests take in place of new ones. They are made once, and guard nothing. */
async function keysInStock(python) {
  const hash = createHash('sha256').update(readFileSync(STOCK)).digest('hex').slice(0, 12);
  const folder = await cached('emulator', `keys-${hash}`, async (root) => {
    mkdirSync(root);
    await run(python, ['-B', STOCK, path.join(root, 'rsa.der')]);
  });
  return path.join(folder, 'rsa.der');
}

/**
 * Starts what the emulators of a test run are forked from, as emulator/nursery.py says.
 * @returns {Promise<{ folder: string, stop: () => Promise<void> }>} folder: for the tests' variable KMSEAL_EMULATOR_NURSERY
 */
export async function startEmulatorNursery() {
  const python = await venv('emulator');
  const keys = await keysInStock(python);
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-nursery-'));
  const nurseries = [false, true].map((auth) =>
    startChild(python, ['-B', LAUNCHER, socketOf(folder, auth), keys], settings(auth, true)),
  );
  const stop = async () => {
    await Promise.all(nurseries.map((nursery) => nursery.stop()));
    rmSync(folder, { recursive: true });
  };
  try {
    await Promise.all(nurseries.map((nursery) => nursery.until(() => /^ready$/m.test(nursery.output))));
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder, stop };
}

/** How an emulator starts on a port: forked by the run's nursery, unless it has settings of its own. */
async function starter({ auth, stack, env }) {
  const nursery = process.env.KMSEAL_EMULATOR_NURSERY;
  if (nursery && !env) return (port) => startForked(socketOf(nursery, auth), String(port));
  const python = await venv('emulator');
  return (port) =>
    startChild(python, ['-B', LAUNCHER], { ...settings(auth, stack), GATEWAY_PORT: String(port), ...env });
}

/**
 * @param {{ auth?: boolean, stack?: boolean, env?: Record<string, string> }} [options] auth: enforce credentials, IAM, key policies
 *   and the buckets' CORS rules; stack: it is asked for a stack of infra/kmseal.yaml; env: further settings of the emulator
 */
export async function startEmulator({ auth = false, stack = false, env } = {}) {
  const server = await startOnPort(await starter({ auth, stack, env }), { path: '/_ministack/ready' });
  const { origin: endpoint, stop } = server;
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
    /** The end of what it logged. */
    get log() {
      return server.output;
    },
    stop,
  };
}
