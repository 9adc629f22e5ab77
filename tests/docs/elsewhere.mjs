// The blocks of the pages that pages.test.mjs does not run itself.

/** Other tests run these: all blocks of a page, or those under a heading. `test` is a path in tests/. */
export const RUN_BY_OTHERS = [
  ...['serving/frameworks.test.mjs', 'serving/storing.test.mjs', 'consumers/serving.test.mjs'].map((test) => ({
    page: 'docs/downloads.md',
    test,
  })),
  ...['React Hook Form', 'Formik', 'TanStack Form', 'vee-validate', 'htmx', 'jquery-form'].map((heading) => ({
    page: 'docs/form.md',
    heading,
    test: 'browser/element-libraries.test.mjs',
  })),
  { page: 'docs/form.md', heading: 'Angular', test: 'consumers/angular20.test.mjs' },
  { page: 'docs/form.md', heading: 'Testing a component', test: 'consumers/components.test.mjs' },
  { page: 'docs/uploads.md', heading: "The server's half", test: 'docs/uploads-server.test.mjs' },
  { page: 'docs/receive.md', heading: 'The body of a request', test: 'serving/receiving.test.mjs' },
  { page: 'docs/uploads.md', heading: 'In Express 5', test: 'serving/receiving.test.mjs' },
  { page: 'docs/uppy.md', heading: 'Tus in Uppy, after a reload', test: 'browser/uppy-lives.test.mjs' },
  { page: 'docs/uppy.md', heading: 'With Seal, after a reload', test: 'browser/uppy-kept.test.mjs' },
  { page: 'docs/uppy.md', heading: 'To your own server', test: 'browser/uppy-not-stored.test.mjs' },
  ...[
    { language: 'sh', test: 'infra/intake.test.mjs' },
    { language: 'json', test: 'examples/lambda-intake-events.test.mjs' },
  ].map((entry) => ({ page: 'docs/receive.md', heading: 'On the bucket, by a function', ...entry })),
  { page: 'docs/other-sdks.md', heading: 'JavaScript', test: 'interop/javascript.test.mjs' },
  { page: 'docs/other-sdks.md', heading: 'Java', test: 'interop/java.test.mjs' },
  { page: 'docs/other-sdks.md', heading: 'Go', test: 'interop/go.test.mjs' },
  { page: 'docs/hosting.md', heading: 'Test runners', test: 'consumers/jest.test.mjs' },
];

/** Nothing here runs these. @type {{ page: string, heading: string, language?: string, reason: string }[]} */
export const NOT_RUN = [
  {
    page: 'docs/other-sdks.md',
    heading: '.NET',
    reason: 'the set-up has no .NET; the page says that it is not tested',
  },
];
