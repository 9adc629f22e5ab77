// A company's network on this machine: a proxy that lets https through (CONNECT), and behind it, with certificates of its own, what
// answers as AWS.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';

const REGION = 'us-east-1';
const HOSTS = [
  `kms.${REGION}.amazonaws.com`,
  `sts.${REGION}.amazonaws.com`,
  `s3.${REGION}.amazonaws.com`,
  `${REGION}.signin.aws.amazon.com`,
  'localhost',
];

/** Makes an authority `NAME.pem`, and a certificate that it gives to all of AWS's hosts. */
export function makeCertificates(folder, name) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder.root, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    ...extensions,
  );
  openssl('req', ...key, '-keyout', `${name}-server.key`, '-out', `${name}-server.csr`, '-subj', '/CN=server');
  folder.write(`${name}.ext`, `subjectAltName=${HOSTS.map((host) => `DNS:${host}`).join(',')}\n`);
  const authority = ['-CA', `${name}.pem`, '-CAkey', `${name}.key`, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}-server.csr`,
    ...authority,
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}-server.pem`,
  );
  return { key: folder.read(`${name}-server.key`), cert: folder.read(`${name}-server.pem`) };
}

/**
 * @param {string} endpoint the emulator's
 * @param {{ key: Buffer, cert: Buffer }} certificate
 * @returns `url` of the proxy; `connects`, each `{ host, authorization }`; `requests`, each `{ host, path, headers, body }` that came
 *   out of the tunnels; `origin`, the same behind the proxy without it; and `answer`, which may be set to a function of a request that
 *   gives `{ status, body }` in the emulator's place
 */
export async function startHttpsProxy(endpoint, certificate) {
  const proxy = { connects: [], requests: [], answer: () => undefined };
  const aws = createHttpsServer({ ...certificate, keepAliveTimeout: 0 }, (incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  async function pass(incoming, outgoing) {
    const { method, url, headers } = incoming;
    const body = Buffer.concat(await incoming.toArray());
    const request = { host: headers.host, path: url, headers, body };
    proxy.requests.push(request);
    const answer = proxy.answer(request);
    if (answer)
      return void outgoing
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    const asked = ask(new URL(url, endpoint), { method, headers, agent: false });
    asked.end(body);
    const [response] = await once(asked, 'response');
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  }

  const sockets = new Set();
  const tunnels = createServer((request, response) => response.writeHead(405).end());
  tunnels.on('connection', (socket) => sockets.add(socket));
  tunnels.on('connect', (request, client) => {
    proxy.connects.push({ host: request.url, authorization: request.headers['proxy-authorization'] });
    const server = connect(aws.address().port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) socket.on('error', () => [client, server].forEach((each) => each.destroy()));
  });
  for (const server of [aws, tunnels]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  proxy.url = `http://127.0.0.1:${tunnels.address().port}`;
  proxy.origin = `https://localhost:${aws.address().port}`;
  proxy.close = async () => {
    for (const socket of sockets) socket.destroy();
    aws.closeAllConnections();
    await Promise.all([aws, tunnels].map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return proxy;
}
