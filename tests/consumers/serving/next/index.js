export default function Page() {
  return 'downloads';
}
