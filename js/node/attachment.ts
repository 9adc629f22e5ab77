/** The name and type of a served file, and the headers that keep it inert in the page's origin. */

/** Longest file name in UTF-16 units: readers refuse header sections of 16 KiB, and a unit takes up to 9 bytes. */
const MAX_NAME_UNITS = 255;

/** Characters that a name must not have: they end a line, are invisible, or show `exe.pdf` where `fdp.exe` is (UAX #9). */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;

/** The file name alone, without the folders that either kind of system writes before it. */
function baseName(filename: string): string {
  // Lone surrogates have no UTF-8.
  const visible = filename.replace(INVISIBLE, '').replace(/\p{Cs}/gu, '\ufffd');
  const name = visible.slice(Math.max(visible.lastIndexOf('/'), visible.lastIndexOf('\\')) + 1).trim();
  if (/^\.*$/.test(name)) return '';
  if (name.length <= MAX_NAME_UNITS) return name;
  // The end stays, since it has the extension; a surrogate pair that is cut becomes one replacement character.
  return (name.slice(0, MAX_NAME_UNITS - 56) + '…' + name.slice(-55)).replace(/\p{Cs}/gu, '\ufffd');
}

/**
 * A Content-Disposition (RFC 6266). Its `filename` is ASCII without quotes, backslashes and percent signs, which browsers read
 * differently; the name itself is in `filename*` (RFC 8187), which all of them prefer.
 */
export function contentDisposition(disposition: 'attachment' | 'inline', filename: string | undefined): string {
  const name = baseName(filename ?? '');
  if (name === '') return disposition;
  const plain = name.replace(/[^ -~]|["%\\]/gu, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*!]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${encoded}`}`;
}

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
/** A media type (RFC 9110, 8.3.1). A list of them is not one: browsers use its last item. */
const mediaType = () => new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[ !#-[\\]-~]*"))*$`);
/** Types that a page of the same origin runs or applies when it names the URL (WHATWG MIME Sniffing, "JavaScript MIME type"). */
const RUNS =
  /^(?:(?:application|text)\/(?:x-)?(?:java|ecma|j|live)script(?:1\.\d)?|text\/css|application\/wasm)(?![^\s;])/i;

/**
 * The type to send: often the uploader chose it. A value that is not a media type, or would make the file a script or a style sheet of
 * the page's own origin, is sent as bytes.
 */
export function contentType(type: string | undefined): string {
  const given = (type ?? '').trim();
  return mediaType().test(given) && !RUNS.test(given) ? given : 'application/octet-stream';
}
