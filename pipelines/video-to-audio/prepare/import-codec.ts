import { fileURLToPath } from 'node:url';
import type { Run } from '../../../engine/define/task.ts';
import type { importCodec as declaration } from '../tasks.ts';

/** The folder that is shipped with the project. */
const SHIPPED = fileURLToPath(new URL('../../../models/codec/weights', import.meta.url));

export const importCodec: Run<typeof declaration> = async () => ({ codec: SHIPPED });
