// Work that goes on one after the other.

export class Turns {
  constructor() {
    this.newest = 0; // the job that may go on
    this.before = Promise.resolve();
  }

  /** Do some work after the work before. */
  follow(work) {
    this.before = this.before.catch(() => {}).then(work);
    return this.before;
  }

  /**
   * Do a job in the place of all jobs before: those that wait are left out,
   * and the one that runs is told so by its isCurrent(). An error of a job
   * that was replaced is of no interest any more.
   */
  replace(job) {
    const run = ++this.newest;
    const isCurrent = () => run === this.newest;
    return this.follow(async () => {
      try {
        if (isCurrent()) await job(isCurrent);
      } catch (error) {
        if (isCurrent()) throw error;
      }
    });
  }

  /** Ask the job that runs to end. */
  stop() {
    this.newest++;
  }
}
