// AWS's Java Encryption SDK as a program: its jars by Maven, once for each version of the pom, and the program by javac.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { ROOT, read, run, step, which } from './run.mjs';

const FOLDER = path.join(ROOT, 'tests', 'interop', 'java');
// The plugin by name and version, so that the pom needs no build section.
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** For programs that run for seconds: without the second compiler, and without the collector's threads. */
export const QUICK = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** What this machine lacks for it, or undefined. */
export function javaLacks() {
  const [, version] = read('javac', ['-version'])?.match(/^javac (\d+)/) ?? [];
  return Number(version) >= 17 && which('java') && which('mvn') ? undefined : 'a JDK of 17 or newer, and Maven';
}

const hashOf = (...parts) =>
  parts
    .reduce((sum, part) => sum.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 12);
const file = (name) => readFileSync(path.join(FOLDER, name));

/** The folder of the SDK's jars and of all that it needs. */
export function javaJars() {
  return cached('interop', `java-jars-${hashOf(COPY, file('pom.xml'))}`, async (root) => {
    step("AWS's Java Encryption SDK");
    const pom = ['--file', path.join(FOLDER, 'pom.xml')];
    const settings = ['-DincludeScope=runtime', `-DoutputDirectory=${root}`];
    await run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', ...pom, COPY, ...settings]);
  });
}

/** The class path of the program Esdk. */
export async function javaEsdk() {
  const jars = path.join(await javaJars(), '*');
  const name = `java-esdk-${hashOf(jars, file('Esdk.java'), read('javac', ['-version']) ?? '')}`;
  const classes = await cached('interop', name, async (root) => {
    mkdirSync(root);
    await run('javac', ['--release', '17', '-cp', jars, '-d', root, path.join(FOLDER, 'Esdk.java')]);
  });
  return [classes, jars].join(path.delimiter);
}
