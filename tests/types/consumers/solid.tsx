import type { Sealer } from 'kmseal';
import 'kmseal/define';
import type {} from 'kmseal/solid';

export const Form = (props: { sealer: Sealer }) => (
  <form>
    <kmseal-file
      name="paper"
      key-src="/key.json"
      required
      prop:encryptionContext={{ user: '7' }}
      on:seal={({ detail }) => console.log(detail.sealed)}
    />
    <kmseal-file class="own" sealer={props.sealer} ref={(element) => console.log(element.files)} />
    {/* @ts-expect-error a context holds strings */}
    <kmseal-file prop:encryptionContext={{ user: 7 }} />
  </form>
);
