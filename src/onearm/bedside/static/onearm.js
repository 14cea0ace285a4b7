// The thaw clock, spoken at 30, 10, 5 and 0 minutes; the alarm of a mismatch; focus on what was wrong. All works without.
"use strict";
(() => {
  const spoken = document.getElementById("spoken");
  const say = (text) => { if (spoken) spoken.textContent = text; };
  const told = new Set();
  const ahead = (Date.parse(document.body.dataset.now) || Date.now()) - Date.now();  // the server's clock counts
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-until]")) {
      const minutes = (Date.parse(clock.dataset.until) - Date.now() - ahead) / 60000;
      const whole = Math.max(0, Math.floor(minutes));
      const seconds = Math.max(0, Math.floor(minutes * 60) % 60);
      const digits = clock.querySelector("[data-digits]") || clock;
      digits.textContent = minutes > 60
        ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} h`
        : `${whole}:${String(seconds).padStart(2, "0")} min`;
      clock.classList.toggle("soon", minutes <= 30 && minutes > 0);
      clock.classList.toggle("late", minutes <= 0);
      for (const mark of [0, 5, 10, 30]) {
        const key = `${clock.dataset.until} ${mark}`;
        if (minutes <= mark && minutes > mark - 1 && !told.has(key)) {
          told.add(key);
          say(clock.dataset.say.replace("{minutes}", String(mark)));
          break;
        }
      }
    }
  };
  tick();
  setInterval(tick, 1000);  // what waits is fetched anew, so a clock may come later

  if (document.body.dataset.alarm) {
    try {
      const audio = new AudioContext();
      for (const [at, hertz] of [[0, 880], [0.35, 587], [0.7, 880], [1.05, 587]]) {
        const tone = audio.createOscillator(), gain = audio.createGain();
        tone.frequency.value = hertz;
        gain.gain.value = 0.25;
        tone.connect(gain).connect(audio.destination);
        tone.start(audio.currentTime + at);
        tone.stop(audio.currentTime + at + 0.3);
      }
    } catch { /* no sound here: the screen is red and says it */ }
  }

  const summary = document.getElementById("summary");
  if (summary) summary.focus();
})();
