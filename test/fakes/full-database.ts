import Database from 'better-sqlite3'
import { openDatabase, type OpenDatabaseOptions } from '#main/history/database.ts'

/** Opens databases that refuse to commit as a full disk does, while `isFull` says so. */
export function fullWhile(isFull: () => boolean): (options: OpenDatabaseOptions) => Database.Database {
  return (options) => {
    const db = openDatabase(options)
    const exec = db.exec.bind(db)
    db.exec = (sql) => {
      if (isFull() && sql === 'COMMIT') throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
      return exec(sql)
    }
    return db
  }
}
