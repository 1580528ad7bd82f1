import { checkCases } from './check-cases.ts';
import { soundMetrics } from './kinds/metrics.ts';
import { scoring } from './kinds/scoring.ts';
import { setMetrics } from './kinds/set-metrics.ts';

checkCases([...soundMetrics, ...setMetrics, ...scoring]);
