/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [upper = Number.NaN, lower = upper] = [sorted[middle], sorted[middle - 1]]
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2
}

/**
 * How likely two samples differ as much as these by chance, in either direction (Mann-Whitney). It asks for ranks alone, so
 * a slow answer among many does not count more than any other. Good for twenty numbers a side and more.
 */
export function chanceOf(left: readonly number[], right: readonly number[]): number {
  const pooled = [...left.map((value) => ({ value, mine: true })), ...right.map((value) => ({ value, mine: false }))]
  pooled.sort((a, b) => a.value - b.value)
  let ranks = 0
  let ties = 0
  for (let start = 0; start < pooled.length; ) {
    let end = start
    while (end < pooled.length && pooled[end]?.value === pooled[start]?.value) end++
    const tied = end - start
    // Equal numbers share the mean of their ranks, which count from one.
    ranks += pooled.slice(start, end).filter(({ mine }) => mine).length * ((start + 1 + end) / 2)
    ties += tied ** 3 - tied
    start = end
  }
  const [n, m] = [left.length, right.length]
  const total = n + m
  const u = ranks - (n * (n + 1)) / 2
  const spread = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))))
  if (!(spread > 0)) return 1
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / spread
  return 2 * upperTail(distance)
}

/** The share of the normal distribution beyond `z` (Abramowitz and Stegun 26.2.17, to 7 digits). */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * z)
  const series = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429]
  const sum = series.reduceRight((rest, factor) => t * (factor + rest), 0)
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum
}
