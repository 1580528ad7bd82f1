import { followPlayers } from './players.ts';
import { readCurves } from './readings.ts';
import { traceGraph } from './trace.ts';

document.documentElement.classList.add('scripts');
followPlayers();
readCurves();
traceGraph();
