import { checkCases } from './check-cases.ts';
import { factorCl } from './kinds/factor-cl.ts';
import { frameMaps } from './kinds/frame-maps.ts';
import { objectives } from './kinds/objectives.ts';

checkCases([...objectives, ...factorCl, frameMaps]);
