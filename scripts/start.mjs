// npm start: the demo, from a fresh machine to an address.
//
//     npm start                                                     with an emulator of KMS and S3 on this machine
//     KMSEAL_KEY_ARN=arn:aws:kms:... KMSEAL_BUCKET=... npm start    on AWS, with the credentials at hand
//     PORT=9000 npm start                                           on that port instead of 8080 or a free one
import { forgetShellSettings } from '../tools/shell-settings.mjs';
import { PACKAGE, setup } from './setup.mjs';

const { KMSEAL_KEY_ARN: keyArn, KMSEAL_BUCKET: bucket, PORT: port } = process.env;

if (!keyArn) forgetShellSettings();
try {
  await setup(keyArn ? PACKAGE : [...PACKAGE, 'emulator']);
  // Only now, since these need node_modules and what the build makes.
  const { build } = await import('./build.mjs');
  console.log('building the package');
  await build();
  const { startDemo } = await import('../www/server/demo.mjs');
  const { fingerprintOf } = await import('../www/server/keys.mjs');
  const demo = await startDemo({ keyArn, bucket, ports: port ? [Number(port)] : [8080, 0] });

  const backend = demo.emulated
    ? 'an emulator of KMS and S3, which keeps nothing once it stops'
    : `AWS, bucket ${demo.bucket}`;
  const keys = demo.publicKeys
    .flatMap((key) => [`  key            ${key.KeyId} (${key.KeySpec})`, `  fingerprint    ${fingerprintOf(key)}`])
    .join('\n');
  console.log(`
  kmseal demo    ${demo.origin}
${keys}
  runs on        ${backend}

  Ctrl-C stops it.`);

  let stopping = false;
  const stop = async () => {
    // The terminal and npm may both send the signal.
    if (stopping) return;
    stopping = true;
    await demo.close();
    process.exit();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // npm sends SIGTERM to its shell, which exits without telling us.
  const { ppid } = process;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== ppid && stop(), 500);
} catch (error) {
  console.error(`npm start: ${error.message}`);
  process.exit(1);
}
