/** Statements that free the place of rows which were erased on these days, so that nothing can be read from them any more. */
export function vacuumStatements(days: readonly number[], tables: readonly string[]): readonly string[] {
  return days.flatMap((day) => tables.map((table) => `VACUUM (TRUNCATE) ${table}_${nameOf(day)}`))
}

/** As `partition_name` of the schema has it. */
function nameOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')
}
