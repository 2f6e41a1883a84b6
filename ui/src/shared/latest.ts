/** Tells the newest request from those that were overtaken. */
export class Latest {
  #newest = 0;

  /** Starts a request; the answer is a question to ask when its reply arrives. */
  begin(): () => boolean {
    this.#newest += 1;
    const mine = this.#newest;
    return () => mine === this.#newest;
  }
}
