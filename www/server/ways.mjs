/** The ways to upload, and what they are called in the pages. */
export const WAYS = {
  'by-hand': 'By hand',
  form: 'A form',
  uppy: 'Uppy',
  s3: 'S3 in parts',
  tus: 'tus',
};

/** Each has NAME.html and NAME.js in www/ways/, a text, and the files of www/server/ that are its other half. */
export const WAY_PAGES = [
  {
    name: 'form',
    heading: 'A form that can send only envelopes.',
    lede:
      'A file input that seals what is chosen, in a form like any other. What the form posts are envelopes under neutral names, and the ' +
      'names and types of the files, sealed beside them.',
    server: ['form.mjs', 'receiving.mjs'],
  },
  {
    name: 'uppy',
    heading: 'Uppy, with one plugin more.',
    lede:
      'The plugin seals each file before an uploader sees it. One that cannot be sealed is not uploaded, and neither its name nor its ' +
      'type goes along.',
    styles: ['/ways/uppy.css'],
    server: ['form.mjs', 'receiving.mjs'],
  },
  {
    name: 's3',
    heading: 'Straight to the bucket, part by part.',
    lede:
      'Each part is sealed when its turn comes, so memory stays flat whatever the size. The server signs the parts and sees none of ' +
      'them. Pause, switch the network off and on, or reload the page: finished parts are kept, and it stays one envelope.',
    server: ['multipart.mjs', 'multipart-upload.mjs'],
  },
  {
    name: 'tus',
    heading: 'Cut off, resumed, and still one envelope.',
    lede:
      'tus-js-client with a few options spread into its own. Pause, or switch the network off and on: the upload continues where the ' +
      'server stands, from the same envelope. Nothing is sealed twice under other keys.',
    server: ['tus.mjs', 'receiving.mjs'],
  },
];
