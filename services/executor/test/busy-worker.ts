/** Work for threads: what a test asks for, good or bad. */
export default function busy({ work }: { work: 'answer' | 'throw' | 'loop' }): { answer: number } {
  if (work === 'throw') throw new Error('thrown in a thread')
  while (work === 'loop');
  return { answer: 42 }
}
