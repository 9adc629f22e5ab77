// The workflows that publish: what they run is pinned, and no code of others runs where the package is packed or published. What the
// registries would say to the package and the crates, where they are reached.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { CRATES } from '../../scripts/crates.mjs';
import { checkTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { packed } from '../support/tarball.mjs';

const { parse } = createRequire(path.join(await checkTools(), 'package.json'))('yaml');
const FOLDER = path.join(ROOT, '.github/workflows');
const workflows = readdirSync(FOLDER).map((name) => ({
  ...parse(readFileSync(path.join(FOLDER, name), 'utf8')),
  name,
}));
const jobs = workflows.flatMap(({ name, jobs }) =>
  Object.entries(jobs).map(([job, value]) => ({ ...value, name: `${name}: ${job}` })),
);
// A job that calls another workflow has no steps of its own.
const steps = jobs.flatMap(({ name, steps = [] }) => steps.map((step) => ({ job: name, ...step })));

test('every action is pinned by the hash of a commit', () => {
  const used = steps.flatMap(({ uses }) => uses ?? []);
  assert.ok(used.length > 10);
  assert.deepEqual(
    used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action)),
    [],
  );
});

test('an action has one hash in all workflows, and its version beside it', () => {
  const text = readdirSync(FOLDER)
    .map((name) => readFileSync(path.join(FOLDER, name), 'utf8'))
    .join('\n');
  const lines = [...new Set(text.match(/uses: (?!\.\/).*$/gm))];
  assert.deepEqual(
    lines.filter((line) => !/ # v\d+\.\d+\.\d+$/.test(line)),
    [],
  );
  const actions = lines.map((line) => line.split('@')[0]);
  assert.deepEqual(
    actions.filter((action, at) => actions.indexOf(action) !== at),
    [],
  );
});

test('CI runs the tests in bundlers, runtimes and frameworks, too', () => {
  const { jobs: ci } = workflows.find(({ name }) => name === 'ci.yml');
  const runs = Object.values(ci).flatMap((job) => job.steps.map(({ run }) => run));
  for (const script of ['npm test', 'npm run test:consumers']) assert.ok(runs.includes(script), script);
});

test('Dependabot looks into every folder that pins versions', () => {
  const { updates } = parse(readFileSync(path.join(ROOT, '.github/dependabot.yml'), 'utf8'));
  const pins = {
    cargo: '*Cargo.lock',
    npm: '*package-lock.json',
    gomod: '*go.mod',
    maven: '*pom.xml',
    pip: '*/requirements/*.txt',
  };
  for (const [ecosystem, files] of Object.entries(pins)) {
    const { status, stdout } = spawnSync('git', ['ls-files', files], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0);
    const folders = stdout
      .trim()
      .split('\n')
      .map((file) => path.posix.join('/', path.posix.dirname(file)));
    const update = updates.find((one) => one['package-ecosystem'] === ecosystem);
    const seen = update?.directories ?? [update?.directory];
    assert.ok(folders.length > 0, files);
    const isIn = (folder, glob) =>
      folder === glob || (glob.endsWith('*') && folder.startsWith(glob.replace(/\*+$/, '')));
    const unseen = folders.filter((folder) => !seen.some((glob) => isIn(folder, glob)));
    assert.deepEqual(unseen, [], ecosystem);
  }
});

test('a checkout leaves no credentials', () => {
  const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
  assert.ok(checkouts.length > 5);
  assert.deepEqual(
    checkouts.filter((step) => step.with?.['persist-credentials'] !== false),
    [],
  );
});

test('no step runs a download as a script', () => {
  assert.deepEqual(
    steps.filter(({ run }) => /(curl|wget)[^]*\|\s*(ba)?sh/.test(run ?? '')),
    [],
  );
});

test('what packs and what publishes runs no test and no script of a dependency', () => {
  const trusted = jobs.filter(
    ({ name, permissions }) =>
      name === 'release.yml: pack' || permissions?.['id-token'] === 'write' || permissions?.contents === 'write',
  );
  for (const job of ['pack', 'npm', 'crates', 'release'])
    assert.ok(
      trusted.some(({ name }) => name === `release.yml: ${job}`),
      job,
    );
  for (const { name, steps = [] } of trusted) {
    const commands = steps.flatMap(({ run }) => run ?? []);
    for (const command of commands) {
      assert.doesNotMatch(command, /npm (test|run|start|exec)|npx|node --test|cargo (test|run|build|clippy)/, name);
      if (/npm (ci|install|pack|publish)/.test(command)) assert.match(command, /--ignore-scripts/, name);
    }
  }
});

test('the token for the crates is handed to what compiles nothing', () => {
  const holders = steps.filter(({ env }) => env?.CARGO_REGISTRY_TOKEN);
  assert.deepEqual(
    holders.map(({ run }) => run),
    ['node scripts/crates.mjs publish'],
  );
  const script = readFileSync(path.join(ROOT, 'scripts/crates.mjs'), 'utf8');
  for (const [call] of script.matchAll(/\['publish'.*?\]/g)) assert.match(call, /'--no-verify'/);
});

test('what is published waits until it was compared with what was tested, and until every platform has its program', () => {
  const { jobs: release } = workflows.find(({ name }) => name === 'release.yml');
  assert.deepEqual(release.compare.needs, ['test', 'pack']);
  assert.equal(release.binaries.uses, './.github/workflows/binaries.yml');
  for (const job of ['npm', 'crates']) {
    const waits = ['pack', 'compare', 'advisories', 'binaries'];
    assert.deepEqual(release[job].needs, waits, job);
  }
  // GitHub takes the outputs of other jobs for empty.
  for (const { name, needs = [], ...job } of jobs)
    for (const [, needed] of JSON.stringify(job).matchAll(/needs\.(\w+)/g)) assert.ok(needs.includes(needed), name);
});

/** Runs a step as GitHub does in a container, without bash. */
const runStep = ({ run }, cwd, env) =>
  spawnSync('sh', ['-e', '-c', run], { cwd, encoding: 'utf8', env: { ...process.env, ...env } });

test('the jobs that publish refuse files that differ from those that were tested', () => {
  const { jobs: release } = workflows.find(({ name }) => name === 'release.yml');
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-release-'));
  const write = (name, text) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  /** The output `sums` of a job whose files are these. */
  const sumsOf = (job, files) => {
    rmSync(path.join(folder, 'release'), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) write(`release/${name}`, text);
    write('output', '');
    const step = release[job].steps.find(({ id }) => id === 'sums');
    const { status } = runStep(step, folder, { GITHUB_OUTPUT: path.join(folder, 'output') });
    if (status !== 0) return undefined;
    return /^sums<<END\n([^]*)\nEND\n$/.exec(readFileSync(path.join(folder, 'output'), 'utf8'))[1];
  };
  const checks = (job) => release[job].steps.find(({ env }) => env?.SUMS === '${{ needs.pack.outputs.sums }}');
  try {
    const crates = {
      'kmseal-0.1.0.crate': 'core',
      'kmseal-cli-0.1.0.crate': 'command',
      'kmseal-gcm-0.1.0.crate': 'gcm',
    };
    const files = { 'kmseal-0.1.0.tgz': 'package', ...crates };
    const tested = sumsOf('test', files);
    const packed = sumsOf('pack', { ...files, 'kmseal-npm.cdx.json': '{}' });
    assert.equal(tested.split('\n').length, 4);
    assert.equal(sumsOf('pack', { 'kmseal-0.1.0.tgz': 'package' }), undefined, 'no crates');

    const compare = (TESTED, PACKED) => runStep(release.compare.steps.at(-1), folder, { TESTED, PACKED }).status;
    assert.equal(compare(tested, packed), 0);
    assert.notEqual(compare(tested, sumsOf('pack', { ...files, 'kmseal-0.1.0.tgz': 'another' })), 0);
    assert.notEqual(compare('', ''), 0);

    for (const [name, text] of Object.entries(files)) write(`release/${name}`, text);
    for (const [name, text] of Object.entries(crates)) write(`target/package/${name}`, text);
    for (const job of ['npm', 'crates', 'release']) {
      assert.equal(runStep(checks(job), folder, { SUMS: packed }).status, 0, job);
      assert.notEqual(runStep(checks(job), folder, { SUMS: '' }).status, 0, job);
    }
    for (const job of ['npm', 'crates', 'release']) {
      const publishes = release[job].steps.findIndex(({ run }) =>
        /(npm|crates\.mjs) publish|gh release/.test(run ?? ''),
      );
      assert.ok(release[job].steps.indexOf(checks(job)) < publishes, job);
    }
    write('release/kmseal-0.1.0.tgz', 'another');
    write('target/package/kmseal-0.1.0.crate', 'another');
    for (const job of ['npm', 'crates', 'release'])
      assert.notEqual(runStep(checks(job), folder, { SUMS: packed }).status, 0, job);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a release publishes the site, after all else, from a job that runs nothing but the publication', () => {
  const { jobs: release } = workflows.find(({ name }) => name === 'release.yml');
  const calls = jobs.filter(({ uses }) => uses !== undefined);
  assert.deepEqual(calls.map(({ uses }) => uses).sort(), [
    './.github/workflows/binaries.yml',
    './.github/workflows/site.yml',
  ]);
  assert.equal(release.site.needs, 'release');
  const { jobs: site } = workflows.find(({ name }) => name === 'site.yml');
  assert.deepEqual(site.build.permissions, { contents: 'read' });
  assert.deepEqual(site.publish.permissions, { pages: 'write', 'id-token': 'write' });
  assert.deepEqual(
    site.publish.steps.map(({ uses }) => uses.split('@')[0]),
    ['actions/deploy-pages'],
  );
});

test('Python packages and the compiler are pinned', () => {
  const folder = path.join(ROOT, 'tools/requirements');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    const text = readFileSync(path.join(folder, file), 'utf8').replaceAll(/ \\\n\s*/g, ' ');
    for (const line of text.trim().split('\n'))
      assert.match(line, /^[\w.-]+==\S+( --hash=sha256:[0-9a-f]{64})+$/, file);
  }
  assert.match(readFileSync(path.join(ROOT, 'tools/venv.mjs'), 'utf8'), /'--require-hashes'/);
  assert.match(readFileSync(path.join(ROOT, 'rust-toolchain.toml'), 'utf8'), /^channel = "\d+\.\d+\.\d+"$/m);
});

test("wasm-bindgen's command is built with a lock, in the version of its crate", () => {
  const locked = (folder, name) => {
    const lock = readFileSync(path.join(ROOT, folder, 'Cargo.lock'), 'utf8');
    return new RegExp(`^name = "${name}"\nversion = "(.+)"$`, 'm').exec(lock)[1];
  };
  assert.equal(locked('tools/requirements/wasm-bindgen', 'wasm-bindgen-cli'), locked('.', 'wasm-bindgen'));
  // Every tool is installed in one place.
  const script = readFileSync(path.join(ROOT, 'tools/rust.mjs'), 'utf8');
  assert.deepEqual(script.match(/\['install', '--root'.*?\]/g), ["['install', '--root', root, '--locked', ...source]"]);
});

const AWAY =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|[Cc]ould not resolve host|[Cc]ouldn't connect|failed to (connect|download)|network failure/;

/** Runs a rehearsal of a publication; where the registry is not reached the test is left out, and says so. */
function rehearse(context, command, args, cwd) {
  // Only the part of our own tests' environment that the command needs to find its registry.
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  const said = `${stdout}${stderr}`;
  if (status !== 0 && AWAY.test(said)) return void context.skip('the registry is not reached from here');
  assert.equal(status, 0, error?.message ?? said);
  return said;
}

test('npm would take the package', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-publish-'));
  try {
    const said = rehearse(
      context,
      'npm',
      ['publish', '--dry-run', '--ignore-scripts', '--access', 'public', packed().archive],
      folder,
    );
    if (said) assert.match(said, /^\+ kmseal@\d/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the registry of crates would take all of them, in this order', (context) => {
  const crates = CRATES.flatMap((name) => ['--package', name]);
  const said = rehearse(
    context,
    'cargo',
    ['publish', '--dry-run', '--locked', '--no-verify', '--allow-dirty', ...crates],
    ROOT,
  );
  if (said)
    assert.deepEqual(
      Array.from(said.matchAll(/Uploading (\S+) v/g), ([, name]) => name),
      CRATES,
    );
});
