/** An id that nothing has. */
export const ABSENT = '0197a9b4-6f5c-7000-8000-000000000000'
