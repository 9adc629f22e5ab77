import type { Sealer } from 'kmseal';
import 'kmseal/define';
import type {} from 'kmseal/preact';

export const Form = ({ sealer }: { sealer: Sealer }) => (
  <form>
    <kmseal-file
      name="paper"
      key-src="/key.json"
      required
      encryptionContext={{ user: '7' }}
      onseal={({ detail }) => console.log(detail.sealed)}
    />
    <kmseal-file class="own" sealer={sealer} ref={(element) => console.log(element?.files)} />
    {/* @ts-expect-error a context holds strings */}
    <kmseal-file encryptionContext={{ user: 7 }} />
  </form>
);
