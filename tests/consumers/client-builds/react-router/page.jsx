import { useEffect } from 'react';
import { sealAndSend } from './seal.js';

export default function Page() {
  useEffect(() => {
    sealAndSend('page');
  }, []);
  return <p>React Router</p>;
}
