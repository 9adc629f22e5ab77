import { route } from '@react-router/dev/routes';

export default [route('files/:id', 'routes/file.js')];
