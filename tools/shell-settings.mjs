// What a developer's shell says about AWS and about proxies is meant for the network, not for an emulator on this machine.
import { devNull } from 'node:os';

const LOOPBACK = ['localhost', '127.0.0.1'];

/**
 * This process and its children find no settings of AWS but those that they are given, and no proxy on the way to this machine. A profile, an
 * address or a session of the shell would otherwise take precedence over the emulator's in one SDK or another.
 */
export function forgetShellSettings() {
  const { env } = process;
  for (const name of Object.keys(env)) if (/^AWS_/i.test(name)) delete env[name];
  // The profiles in ~/.aws
  Object.assign(env, { AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull });
  if (!Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name))) return;
  // Programs read one of the two, or prefer one of them.
  const direct = [env.no_proxy ?? env.NO_PROXY, ...LOOPBACK].filter(Boolean).join(',');
  Object.assign(env, { NO_PROXY: direct, no_proxy: direct });
}
