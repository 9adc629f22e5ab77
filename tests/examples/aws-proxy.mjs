// Stands between a function and the emulator's S3, KMS and EventBridge: records the calls, adds the faults that a test wants, and does what S3 does and the
// emulator does not: it refuses a call that expects another bucket owner, keeps the tags that CreateMultipartUpload was given, and gives a range of
// an old version.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { ACCOUNT } from '../support/servers/stack.mjs';

const message = 'put in by a test';
const ERRORS = {
  // With the newline the SDK takes it for no error where the status is 200.
  s3: (code) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>\n`,
  kms: (code) => JSON.stringify({ __type: code, message }),
  // With status 200 it is the answer of a PutEvents whose only entry failed.
  events: (code) =>
    JSON.stringify({
      __type: code,
      message,
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: code, ErrorMessage: message }],
    }),
};

/**
 * @typedef {{ service: 's3' | 'kms' | 'events', operation: string, region?: string, bucket?: string, key?: string, query: URLSearchParams,
 *   headers: import('node:http').IncomingHttpHeaders }} Call
 * @typedef {'hang' | 'hang up' | 'lose the answer' | { status: number, code: string } | { bytes: number, then: 'hang' | 'hang up' }} Fault
 *   hang: no answer ever arrives; lose the answer: the call takes effect; bytes: this much of the answer's body arrives
 */

/**
 * @param {string} endpoint the emulator's
 * @param {import('@aws-sdk/client-s3').S3Client} root
 */
export async function startAwsProxy(endpoint, root) {
  const tags = new Map();
  const proxy = {
    /** @type {Call[]} */
    calls: [],
    /** @type {(call: Call) => Fault | undefined | Promise<Fault | undefined>} asked before each call, which waits for the answer */
    fault: () => undefined,
    reset() {
      proxy.calls = [];
      proxy.fault = () => undefined;
    },
  };
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  });

  async function pass(incoming, outgoing) {
    const body = Buffer.concat(await incoming.toArray());
    const call = callOf(incoming);
    proxy.calls.push(call);
    const { method, headers } = incoming;
    const answer = (status, code) =>
      outgoing.writeHead(status).end(method === 'HEAD' ? undefined : ERRORS[call.service](code));

    const fault = await proxy.fault(call);
    if (fault === 'hang') return;
    if (fault === 'hang up') return void incoming.socket.destroy();
    if (fault?.status) return void answer(fault.status, fault.code);
    // "If the account ID that you provide does not match the actual owner of the bucket, the request fails with the HTTP status code 403".
    const owner = headers['x-amz-expected-bucket-owner'];
    if (owner !== undefined && owner !== ACCOUNT) return void answer(403, 'AccessDenied');

    // The Host header stays: it is signed. So does the path, in which a URL would resolve segments with dots.
    const { hostname, port } = new URL(endpoint);
    // A connection that the emulator closes while it is used again would be a fault that no test asked for.
    const asked = ask({ hostname, port, path: incoming.url, method, headers, agent: false });
    asked.end(body);
    const [response] = await once(asked, 'response');
    const whole = Buffer.concat(await response.toArray());
    await keepTags(call, whole, response.statusCode);
    if (fault === 'lose the answer') return void incoming.socket.destroy();
    const { status, headers: answered, content } = ranged(call, response, whole);
    outgoing.writeHead(status, answered);
    if (!fault) return void outgoing.end(content);
    outgoing.write(content.subarray(0, fault.bytes), () => fault.then === 'hang up' && incoming.socket.destroy());
  }

  /** S3's answer to a range of an old version, which the emulator gives as a whole; and without the checksum of the whole. */
  function ranged({ operation, query, headers: asked }, { statusCode: status, headers }, whole) {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(asked.range ?? '') ?? [];
    if (operation !== 'GetObject' || !query.has('versionId') || !start || status !== 200)
      return { status, headers, content: whole };
    const content = whole.subarray(Number(start), Number(end) + 1);
    const kept = Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-'));
    const range = `bytes ${start}-${Number(start) + content.length - 1}/${whole.length}`;
    const own = { 'content-length': content.length, 'content-range': range };
    return { status: 206, headers: { ...Object.fromEntries(kept), ...own }, content };
  }

  async function keepTags({ operation, bucket, key, query, headers }, content, status) {
    if (status !== 200) return;
    if (operation === 'CreateMultipartUpload')
      tags.set(/<UploadId>([^<]+)</.exec(content)[1], headers['x-amz-tagging']);
    const given = operation === 'CompleteMultipartUpload' && tags.get(query.get('uploadId'));
    if (!given) return;
    const TagSet = [...new URLSearchParams(given)].map(([Key, Value]) => ({ Key, Value }));
    await root.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging: { TagSet } }));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.endpoint = `http://127.0.0.1:${server.address().port}`;
  proxy.close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return proxy;
}

function callOf({ method, url, headers }) {
  const [pathname, search] = url.split('?');
  const query = new URLSearchParams(search);
  const target = headers['x-amz-target'];
  const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization) ?? [];
  if (target) {
    const service = target.startsWith('AWSEvents.') ? 'events' : 'kms';
    return { service, operation: target.split('.').at(-1), region, query, headers };
  }
  const [bucket, ...key] = pathname.slice(1).split('/').map(decodeURIComponent);
  return { service: 's3', operation: operationOf(method, query, headers), bucket, key: key.join('/'), query, headers };
}

/** Operations by the S3 API's names, as far as the functions call them. */
function operationOf(method, query, headers) {
  const kind =
    ['uploads', 'partNumber', 'uploadId', 'tagging', 'versions', 'versioning'].find((name) => query.has(name)) ??
    'object';
  const copies = headers['x-amz-copy-source'] !== undefined;
  return (
    {
      'POST uploads': 'CreateMultipartUpload',
      'PUT partNumber': copies ? 'UploadPartCopy' : 'UploadPart',
      'POST uploadId': 'CompleteMultipartUpload',
      'DELETE uploadId': 'AbortMultipartUpload',
      'GET tagging': 'GetObjectTagging',
      'GET versions': 'ListObjectVersions',
      'GET versioning': 'GetBucketVersioning',
      'HEAD object': 'HeadObject',
      'GET object': 'GetObject',
      'PUT object': copies ? 'CopyObject' : 'PutObject',
      'DELETE object': 'DeleteObject',
    }[`${method} ${kind}`] ?? `${method} ${kind}`
  );
}
