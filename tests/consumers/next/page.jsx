// A server component: only the server knows whom the envelope is for.
import { Form } from './form.jsx';

export const dynamic = 'force-dynamic';

export default async function Page({ searchParams }) {
  const { user = '4711', how = 'attribute' } = await searchParams;
  return <Form context={{ user }} how={how} />;
}
