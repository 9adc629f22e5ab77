import { reactRouter } from '@react-router/dev/vite';

// In the test node_modules lies above the application.
export default { plugins: [reactRouter()], server: { fs: { allow: ['../../..'] } } };
