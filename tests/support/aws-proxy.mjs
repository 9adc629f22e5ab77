// Stands between a function and the emulator's S3 and KMS: lists the calls, does to them what a test wants, and does what S3 does and the
// emulator does not: it refuses a call that expects another bucket owner, and keeps the tags that CreateMultipartUpload was given.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { ACCOUNT } from './stack.mjs';

const message = 'put in by a test';
const ERRORS = {
  s3: (code) => `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  kms: (code) => JSON.stringify({ __type: code, message }),
};

/**
 * @typedef {{ service: 's3' | 'kms', operation: string, region?: string, bucket?: string, key?: string, query: URLSearchParams,
 *   headers: import('node:http').IncomingHttpHeaders }} Call
 * @typedef {'hang' | 'hang up' | 'lose the answer' | { status: number, code: string } | { bytes: number, then: 'hang' | 'hang up' }} Fault
 *   hang: no answer ever comes; lose the answer: the call has its effect; bytes: so much of the answer's body comes
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
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  });

  async function pass(incoming, outgoing) {
    const body = Buffer.concat(await incoming.toArray());
    const call = callOf(incoming);
    proxy.calls.push(call);
    const { method, headers } = incoming;
    const answer = (status, code) => outgoing.writeHead(status).end(method === 'HEAD' ? undefined : ERRORS[call.service](code));

    const fault = await proxy.fault(call);
    if (fault === 'hang') return;
    if (fault === 'hang up') return void incoming.socket.destroy();
    if (fault?.status) return void answer(fault.status, fault.code);
    // "If the account ID that you provide does not match the actual owner of the bucket, the request fails with the HTTP status code 403".
    const owner = headers['x-amz-expected-bucket-owner'];
    if (owner !== undefined && owner !== ACCOUNT) return void answer(403, 'AccessDenied');

    // The Host header stays: it is signed.
    const asked = ask(new URL(incoming.url, endpoint), { method, headers });
    asked.end(body);
    const [response] = await once(asked, 'response');
    const content = Buffer.concat(await response.toArray());
    await keepTags(call, content, response.statusCode);
    if (fault === 'lose the answer') return void incoming.socket.destroy();
    outgoing.writeHead(response.statusCode, response.headers);
    if (!fault) return void outgoing.end(content);
    outgoing.write(content.subarray(0, fault.bytes), () => fault.then === 'hang up' && incoming.socket.destroy());
  }

  async function keepTags({ operation, bucket, key, query, headers }, content, status) {
    if (status !== 200) return;
    if (operation === 'CreateMultipartUpload') tags.set(/<UploadId>([^<]+)</.exec(content)[1], headers['x-amz-tagging']);
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
  const { pathname, searchParams: query } = new URL(url, 'http://aws');
  const target = headers['x-amz-target'];
  const [, region] = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization) ?? [];
  if (target) return { service: 'kms', operation: target.split('.').at(-1), region, query, headers };
  const [bucket, ...key] = pathname.slice(1).split('/').map(decodeURIComponent);
  return { service: 's3', operation: operationOf(method, query), bucket, key: key.join('/'), query, headers };
}

/** By the S3 API's names, as far as the functions call it. */
function operationOf(method, query) {
  const kind = ['uploads', 'partNumber', 'uploadId', 'tagging', 'versions', 'versioning'].find((name) => query.has(name)) ?? 'object';
  return {
    'POST uploads': 'CreateMultipartUpload', 'PUT partNumber': 'UploadPart', 'POST uploadId': 'CompleteMultipartUpload',
    'DELETE uploadId': 'AbortMultipartUpload', 'GET tagging': 'GetObjectTagging', 'GET versions': 'ListObjectVersions',
    'GET versioning': 'GetBucketVersioning', 'HEAD object': 'HeadObject', 'GET object': 'GetObject', 'PUT object': 'PutObject',
  }[`${method} ${kind}`] ?? `${method} ${kind}`;
}
