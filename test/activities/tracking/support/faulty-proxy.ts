import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}
/** What goes wrong: an answer of somebody else, or no answer although the server has taken the request. */
export type Fault = { readonly status: number; readonly body: string } | { readonly answer: 'lost' };

/** Stands before a real server, writes down what passes, and does harm where it is told to. */
export async function startProxy(target: string) {
  const passed: Request[] = [];
  let open = 0;
  let fault: (request: Request) => Fault | undefined = () => undefined;
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const body = Buffer.concat(chunks);
    const request = { method, path, body: body.toString(), headers };
    passed.push(request);
    const harm = fault(request);
    if (harm !== undefined && 'status' in harm) {
      outgoing.writeHead(harm.status).end(harm.body);
      return;
    }
    const { 'content-type': type = 'application/octet-stream' } = headers;
    open++;
    const answer = await fetch(`${target}${path}`, { method, headers: { 'content-type': type }, ...(body.length > 0 ? { body } : {}) });
    const content = Buffer.from(await answer.arrayBuffer());
    open--;
    if (harm !== undefined) outgoing.destroy();
    else outgoing.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    uri: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    passed,
    harm(how: typeof fault) {
      fault = how;
    },
    calls: (part: string) => passed.filter(({ path }) => path.includes(part)),
    clear() {
      passed.length = 0;
      fault = () => undefined;
    },
    /** Whatever the server is still at has been done. */
    async settled() {
      while (open > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
