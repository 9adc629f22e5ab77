// Stands between a program and KMS: lists the calls, and answers some of them in its place.
import { createServer } from 'node:http';

/**
 * @param {string} endpoint the emulator's
 * @returns its `endpoint`; `calls`, each `{ operation, region, input }`; and `answer`, which may be set to a function of a call
 *   that gives `{ status, body }` in KMS's place, 'hang up', or nothing, or a promise of that
 */
export async function startKmsProxy(endpoint) {
  const proxy = { calls: [], answer: () => undefined };
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    // What is asked of other services, such as STS for the account of the credentials, goes through.
    if (!request.headers['x-amz-target']?.startsWith('TrentService.')) return pass(request, body, response);
    const call = {
      operation: request.headers['x-amz-target']?.split('.').at(-1),
      region: /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization)?.[1],
      input: JSON.parse(body),
    };
    proxy.calls.push(call);
    const answer = await proxy.answer(call);
    if (answer === 'hang up') return request.socket.destroy();
    if (answer) {
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
      return response.end(JSON.stringify(answer.body));
    }
    return pass(request, body, response);
  });
  async function pass(request, body, response) {
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const answered = await fetch(endpoint, { method: 'POST', headers, body });
    response.writeHead(answered.status, {
      'content-type': answered.headers.get('content-type') ?? 'application/x-amz-json-1.1',
    });
    response.end(Buffer.from(await answered.arrayBuffer()));
  }
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.endpoint = `http://127.0.0.1:${server.address().port}`;
  proxy.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return proxy;
}
