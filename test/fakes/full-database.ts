import Database from 'better-sqlite3'
import { openDatabase, type OpenDatabaseOptions } from '#main/history/database.ts'

/** Opens databases that refuse to commit as a full disk does, while `isFull` says so. */
export function fullWhile(isFull: () => boolean): (options: OpenDatabaseOptions) => Database.Database {
  return (options) => {
    const db = openDatabase(options)
    const prepare = db.prepare.bind(db)
    const preparing = (sql: string): Database.Statement => {
      const statement = prepare(sql) as Database.Statement
      return sql === 'COMMIT' ? refusing(statement, isFull) : statement
    }
    return Object.assign(db, { prepare: preparing })
  }
}

function refusing(statement: Database.Statement, isFull: () => boolean): Database.Statement {
  const run = statement.run.bind(statement)
  statement.run = () => {
    if (isFull()) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
    return run()
  }
  return statement
}
