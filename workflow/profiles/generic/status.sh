#!/bin/sh
# Says running, success or failed of the job with this number: of PBS (qstat -f) or SGE (qacct).
job=$1
said=$(qstat -x -f "$job" 2>/dev/null) # PBS: with jobs that have ended
case $said in
  *job_state*)
    state=$(printf '%s\n' "$said" | sed -n 's/^ *job_state = //p')
    code=$(printf '%s\n' "$said" | sed -n 's/^ *[Ee]xit_status = //p')
    case $state in
      [FCX]) if [ "${code:-1}" = 0 ]; then echo success; else echo failed; fi ;;
      *) echo running ;;
    esac
    exit ;;
esac
if qstat -j "$job" >/dev/null 2>&1; then # SGE: only jobs that wait or run
  echo running
  exit
fi
# Its accounts come some seconds after the end; a job that never has any is given up after a minute.
for attempt in 1 2 3 4 5 6; do
  said=$(qacct -j "$job" 2>/dev/null) && break
  sleep "${STATUS_WAIT:-10}"
done
failed=$(printf '%s\n' "$said" | sed -n 's/^failed *\([0-9]*\).*/\1/p' | tail -n 1)
code=$(printf '%s\n' "$said" | sed -n 's/^exit_status *\([0-9]*\).*/\1/p' | tail -n 1)
if [ "${failed:-1}" = 0 ] && [ "${code:-1}" = 0 ]; then echo success; else echo failed; fi
