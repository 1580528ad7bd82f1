import { checkCases } from './check-cases.ts';
import { networks } from './kinds/network.ts';
import { parameterCounts } from './kinds/parameter-counts.ts';
import { trainings } from './kinds/training.ts';

checkCases([...networks, ...trainings, parameterCounts]);
