/** Meaning as three numbers: animals, food, weather. Enough to find the cat when somebody asks for pets. */
const SUBJECTS = [/cat|dog|pet/g, /tea|cake|eat/g, /rain|sun|storm/g]

export async function embed(texts: string[]): Promise<number[][]> {
  return texts.map((text) => SUBJECTS.map((words) => [...text.toLowerCase().matchAll(words)].length + 0.1))
}
