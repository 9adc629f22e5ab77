/** Members of our classes in every version, by which objects of another copy of the package are recognized. */
const MEMBERS = {
  KmsPublicKey: ['keySpec', 'fingerprint', 'generateDataKey'],
  RsaPublicKey: ['keyNamespace', 'keyName', 'fingerprint'],
  Opener: ['open', 'openRange'],
  Sealer: ['seal', 'sealedSize'],
};

type ClassName = keyof typeof MEMBERS;

const SAYS =
  'this page has two, which share nothing; import both from one (`npm ls kmseal` shows the versions, and a line in an import ' +
  'map or in the bundler makes them one), or have the copy that makes the object use it, too';

/**
 * @internal The error about an argument that is not of this class of ours. Two copies in one page, such as the one of a widget's bundle
 * beside the app's, have a class each, and nothing shows it.
 */
export function notOurs(
  value: unknown,
  classes: ClassName | readonly ClassName[],
  name: string,
  mustBe: string,
): TypeError {
  const isOther = (one: ClassName) =>
    typeof value === 'object' && value !== null && MEMBERS[one].every((name) => name in value);
  const other = [classes].flat().find((one) => isOther(one as ClassName));
  return new TypeError(
    other ? `${name}: this ${other} is from another copy of kmseal: ${SAYS}` : `${name} must be ${mustBe}`,
  );
}
