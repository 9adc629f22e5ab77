import type { Reply } from './answer.js';

/** What happens to a request. */
export interface Events {
  /** This many bytes have left. */
  onMoved(loaded: number): void;
  /** All have. */
  onSent(): void;
  onReply(reply: Reply): void;
  /** There is no answer. The platform's error may quote the URL, which is as good as a password. */
  onBroken(): void;
}

/** Sends a PUT and returns a function that aborts it. Throws if URL or headers cannot be used. */
export type Transport = (blob: Blob, url: string, headers: readonly [string, string][], events: Events) => () => void;

/** The only API that reports the progress of an upload. */
export const byXhr: Transport = (blob, url, headers, { onMoved, onSent, onReply, onBroken }) => {
  const request = new XMLHttpRequest();
  request.open('PUT', url);
  for (const [name, value] of headers) request.setRequestHeader(name, value);
  // WebKit 2.50 keeps counting when it repeats a request by itself.
  request.upload.onprogress = ({ loaded }) => onMoved(Math.min(loaded, blob.size));
  request.upload.onload = () => onSent();
  request.onload = () => {
    const { status, responseURL, responseText } = request;
    onReply({ status, url: responseURL, etag: request.getResponseHeader('etag'), body: responseText });
  };
  request.onerror = () => onBroken();
  request.send(blob);
  return () => {
    request.upload.onprogress = null; // some report an abort as progress
    request.abort();
  };
};

/** For service workers, which have no XMLHttpRequest. */
export const byFetch: Transport = (blob, url, headers, { onReply, onBroken }) => {
  const controller = new AbortController();
  const request = new Request(url, { method: 'PUT', headers: [...headers], body: blob, signal: controller.signal });
  const exchange = async () => {
    const response = await fetch(request);
    const { status, url: answered, headers: given } = response;
    onReply({ status, url: answered, etag: given.get('etag'), body: await response.text() });
  };
  exchange().catch(() => onBroken());
  return () => controller.abort();
};
