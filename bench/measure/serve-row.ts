import { createInterface } from 'node:readline';

export const maxRss = (): number => process.resourceUsage().maxRSS / 1024;
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** The side of `startRow` that takes the steps. */
export async function serveRow(loaded: number, first: Readonly<Record<string, number>>, step: () => unknown): Promise<void> {
  say({ loaded, first });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'stop') break;
    const wall: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const [before, start] = [process.cpuUsage(), performance.now()];
      await step();
      wall.push(performance.now() - start);
      const used = process.cpuUsage(before);
      cpu.push((used.user + used.system) / 1000);
    }
    say({ wall, cpu });
  }
  say({ maxRss: maxRss() });
  process.exit(0);
}
