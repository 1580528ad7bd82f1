import { createServer } from 'node:net';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });

/** Two ports that nobody uses right now. */
export const freePorts = async (): Promise<{ port: number; uiPort: number }> => ({ port: await freePort(), uiPort: await freePort() });
