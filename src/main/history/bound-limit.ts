/** `LIMIT` with a bound value. For each value of a bare `LIMIT ?` SQLite plans the statement anew; behind a sign it does not look. */
export const boundLimit = 'LIMIT +?'
