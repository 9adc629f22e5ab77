// nginx in front of a server, with its default settings, and with HTTP/1.1 to the server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, startChild } from '../../tools/child.mjs';
import { nginxProgram } from '../../tools/nginx.mjs';

/**
 * @param {number} port of the server behind it, on 127.0.0.1
 * @returns {Promise<{ byDefault: string, http11: string, stop: () => Promise<void> }>} two origins; byDefault: nginx 1.22 asks the
 *   server in HTTP/1.0
 */
export async function startNginx(port) {
  const program = await nginxProgram();
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-nginx-'));
  const [byDefault, http11, ready] = [await freePort(), await freePort(), await freePort()];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const server = (at, more) => `server { listen 127.0.0.1:${at}; ${more} }`;
  const pass = `proxy_pass http://127.0.0.1:${port};`;
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `
    daemon off;
    pid ${folder}/pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${temporary.join('\n      ')}
      ${server(byDefault, `location / { ${pass} }`)}
      ${server(http11, `location / { ${pass} proxy_http_version 1.1; proxy_set_header Connection ""; }`)}
      ${server(ready, 'location / { return 204; }')}
    }`,
  );
  const child = startChild(program, ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf']);
  const answers = () =>
    fetch(`http://127.0.0.1:${ready}/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await child.until(answers);
  return {
    byDefault: `http://127.0.0.1:${byDefault}`,
    http11: `http://127.0.0.1:${http11}`,
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
