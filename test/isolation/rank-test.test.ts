import { describe, expect, it } from 'vitest'
import { chanceOf, median } from '../../src/isolation/check-parts/rank-test.js'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('of %j is %d', (numbers, expected) => expect(median(numbers)).toBe(expected))
})

describe('chanceOf', () => {
  // Values of scipy.stats.mannwhitneyu(a, b, method="asymptotic"), which corrects for ties and continuity.
  it.each<[string, number[], number[], number]>([
    ['apart', range(1, 20), range(21, 40), 6.7956e-8],
    ['in turn', range(1, 20).map((n) => 2 * n), range(1, 20).map((n) => 2 * n - 1), 0.7972],
    ['with ties', [1, 1, 2, 2, 3, 3, 4, 4], [2, 2, 3, 3, 4, 4, 5, 5], 0.1464],
    ['all the same', [1, 1, 1], [1, 1, 1], 1],
  ])('of two samples %s', (_, left, right, expected) => {
    expect(chanceOf(left, right)).toBeCloseTo(expected, expected < 0.001 ? 9 : 3)
    expect(chanceOf(right, left)).toBeCloseTo(chanceOf(left, right), 12)
  })
})
