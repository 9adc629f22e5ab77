/**
 * The file extensions of `image/*` and similar. A file's type is what the system makes of its extension: on many systems nothing for HEIC, and on
 * Windows with Excel something else for CSV. The browsers' own dialogues go by the extensions.
 */
const ENDINGS: Readonly<Record<string, string>> = {
  image:
    'apng avif bmp cr2 cr3 dng gif heic heics heif heifs hif ico jfif jpe jpeg jpg jxl nef orf png raf rw2 svg svgz tif tiff webp',
  audio: 'aac aif aiff amr caf flac m4a mka mid midi mp3 oga ogg opus wav weba wma',
  video: '3g2 3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogm ogv ts webm wmv',
  text: 'csv htm html ics log md text tsv txt vcard vcf vtt',
};

/** The extensions of single types that `accept` often names. */
const TYPES: Readonly<Record<string, string>> = {
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/xml': 'xml',
  'application/zip': 'zip',
  'application/msword': 'doc',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.ms-powerpoint': 'ppt',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/x-m4a': 'm4a',
  'image/avif': 'avif',
  'image/gif': 'gif',
  'image/heic': 'heic heics',
  'image/heif': 'heif heifs hif',
  'image/jpeg': 'jfif jpe jpeg jpg',
  'image/jpg': 'jfif jpe jpeg jpg',
  'image/jxl': 'jxl',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/tiff': 'tif tiff',
  'image/webp': 'webp',
  'text/calendar': 'ics',
  'text/csv': 'csv',
  'text/markdown': 'md',
  'text/plain': 'log text txt',
  'text/vcard': 'vcard vcf',
  'video/mp4': 'm4v mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
};

/** Whether a file matches the attribute `accept`; browsers check that only in their own dialogue. */
export function isAccepted({ name, type }: File, accept: string): boolean {
  const kinds = accept
    .toLowerCase()
    .split(',')
    .map((kind) => kind.trim())
    .filter(Boolean);
  const ending = /\.([^.]+)$/.exec(name.toLowerCase())?.[1] ?? '';
  const [essence = ''] = type.toLowerCase().split(';', 1);
  const has = (endings: string | undefined) => endings?.split(' ').includes(ending) ?? false;
  const byEnding = (kind: string) => {
    if (!kind.endsWith('/*')) return has(TYPES[kind]);
    const group = kind.slice(0, -1);
    return (
      has(ENDINGS[group.slice(0, -1)]) || Object.keys(TYPES).some((one) => one.startsWith(group) && has(TYPES[one]))
    );
  };
  const fits = (kind: string) => {
    if (kind.startsWith('.')) return name.toLowerCase().endsWith(kind);
    if (kind === '*/*' || kind === '*') return true;
    return (kind.endsWith('/*') ? essence.startsWith(kind.slice(0, -1)) : essence === kind) || byEnding(kind);
  };
  return kinds.length === 0 || kinds.some(fits);
}
