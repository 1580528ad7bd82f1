import { describe, expect, it } from 'vitest';
import { readRatings } from '../../../datasets/sources/ratings.ts';

describe('ratings of a listening test', () => {
  it('are read whatever the order of the columns', () => {
    const { ratings, problems } = readRatings('score,system,rater,question,item\n4,ours,r1,melody,clip 1\n', 'mos.csv');
    expect(ratings).toEqual([{ rater: 'r1', item: 'clip 1', system: 'ours', question: 'melody', score: 4 }]);
    expect(problems).toEqual([]);
  });
  it('that are no score from 1 to 5 are named, and the others kept', () => {
    const rows = ['6', '', 'good', '0.5', '5'].map((score) => `r,i,s,q,${score}`);
    const { ratings, problems } = readRatings(['rater,item,system,question,score', ...rows].join('\n'), 'mos.csv');
    expect(ratings.map(({ score }) => score)).toEqual([5]);
    expect(problems.map(({ where, found }) => [where, found])).toEqual([
      ['mos.csv:2', '6'],
      ['mos.csv:3', ''],
      ['mos.csv:4', 'good'],
      ['mos.csv:5', '0.5'],
    ]);
  });
  it('without a column are refused', () => {
    expect(readRatings('rater,item,score\n', 'mos.csv').problems).toMatchObject([
      { code: 'MANIFEST_COLUMNS', what: 'Ratings lack system, question' },
    ]);
  });
});
