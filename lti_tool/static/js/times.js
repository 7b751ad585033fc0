// Shows every time on the page in the reader's own time zone. Without this file the server's words stand.

const day = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric" });
const dayAndYear = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });

/** "2:14 pm", as the server writes it. */
export function writeClock(moment) {
  return clock.format(moment).replace(/\u202f|\u00a0/g, " ").replace("AM", "am").replace("PM", "pm");
}

/** "Mar 4", with the year when it is not this one. */
export function writeDay(moment) {
  return (moment.getFullYear() === new Date().getFullYear() ? day : dayAndYear).format(moment);
}

/** "at 2:14 pm" today, else "on Mar 4 at 2:14 pm". */
export function writeWhen(moment) {
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? `at ${writeClock(moment)}` : `on ${writeDay(moment)} at ${writeClock(moment)}`;
}

/** "2:14 pm" today, else "Mar 4, 2:14 pm". */
export function writeStamp(moment) {
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? writeClock(moment) : `${writeDay(moment)}, ${writeClock(moment)}`;
}

const writers = {
  clock: writeClock,
  day: writeDay,
  moment: (moment) => `${writeDay(moment)}, ${writeClock(moment)}`,
  when: writeWhen,
  stamp: writeStamp,
};

for (const element of document.querySelectorAll("time[data-show]")) {
  const moment = new Date(element.dateTime);
  if (!Number.isNaN(moment.getTime())) element.textContent = writers[element.dataset.show](moment);
}
