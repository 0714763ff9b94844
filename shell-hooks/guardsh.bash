# guardsh: what a guarded bash runs before its first prompt (docs/architecture.md tells the whole way of a line).
#
# The shell reads commands from descriptor 0, a socket that only guardsh can write. For each submission it gets one
# constant line there, which waits on 9 for questions (q), for the approved text (r) or for a refusal (d) and answers
# on 8. Messages carry the nonce of their submission and their own length; what does not fit is dropped. The text is
# cleared before the wait, and when guardsh is gone the shell leaves: nothing half-said is ever run. Where a word used
# here was made to mean something else, the loops give up, no report comes, and guardsh ends the session.
#
# Messages are printable ASCII. bash waits for their first line, which ends with a newline, the delimiter that 'read'
# has by itself: bash forgets another one when a trap uses 'read' while it waits. What follows has been sent with that
# line and is read by its length, at once: up to a newline bash reads byte by byte.
#
# The first line, which guardsh puts before this one, sets __gs_tty, __gs_rc and __gs_login.
\builtin shopt -u expand_aliases

# The prompt hook: says that a prompt comes, reads the one nonce of this prompt, and reports with it.
__gs_p() {
  local __gs_i=0
  # A number and nothing else: arithmetic would run what stands in an index.
  case $__gs_k in '' | *[!0-9]*) __gs_k=0 ;; esac
  __gs_x= __gs_t= __gs_k=$((__gs_k + 1))
  \builtin printf 'P %s\0' "$__gs_k" >&8
  while [[ ${__gs_t-} != "p $__gs_k "* && $__gs_i -lt 500 ]]; do
    __gs_t= __gs_i=$((__gs_i + 1))
    # A time limit only where TMOUT sets one of its own, even read-only: with one bash takes four calls a byte.
    if [[ ${TMOUT-} ]]; then
      IFS= \builtin read -r -t 99999999 -u 9 __gs_t || __gs_g "$?"
    else
      IFS= \builtin read -r -u 9 __gs_t || __gs_g "$?"
    fi
  done
  \builtin printf 'R %s %s %s\0' "${__gs_t##* }" "$1" "$-" >&8
  __gs_t=
  case $- in *[xv]*) __gs_f=$-; \builtin set +xv ;; esac
} 2>/dev/null

# A read that failed: by a signal (above 128) it is tried again, at the end of the channel the shell leaves. Twice,
# because bash only warns the first time while jobs are stopped.
__gs_g() {
  if [[ $1 -le 128 ]]; then
    \builtin exit 125
    \builtin exit 125
    \builtin kill -KILL "$$"
  fi
} 2>/dev/null

# The wait: NONCE STATUS UNDERSCORE [positional parameters of the shell].
__gs_l() {
  local __gs_b __gs_c __gs_i=0 __gs_m= __gs_n __gs_w=1
  __gs_r=$2 __gs_u=$3 __gs_s= __gs_o= __gs_t= __gs_x=
  case $__gs_f in *x*) __gs_o=x ;; esac
  case $__gs_f in *v*) __gs_o=v$__gs_o ;; esac
  while [[ $__gs_w && $__gs_i -lt 500 ]]; do
    __gs_m= __gs_i=$((__gs_i + 1))
    __gs_b=0
    if [[ ${TMOUT-} ]]; then
      IFS= \builtin read -r -t 99999999 -u 9 __gs_m || __gs_b=$?
    else
      IFS= \builtin read -r -u 9 __gs_m || __gs_b=$?
    fi
    if [[ $__gs_b == 0 ]]; then
      if [[ $__gs_m == "$1 "[qrd]" "[1-9]* ]]; then
        __gs_c=${__gs_m#"$1 "} __gs_n=${__gs_c#*" "} __gs_c=${__gs_c%%" "*} __gs_m=
        case $__gs_n in
          *[!0-9]*) ;;
          *)
            if [[ ${TMOUT-} ]]; then
              IFS= \builtin read -r -t 99999999 -N "$__gs_n" -u 9 __gs_m || __gs_g "$?"
            else
              IFS= \builtin read -r -N "$__gs_n" -u 9 __gs_m || __gs_g "$?"
            fi
            ;;
        esac
        if [[ ${#__gs_m} == "$__gs_n" && $__gs_m == *" $1" ]]; then
          __gs_m=${__gs_m%" $1"}
          case $__gs_c in
            # The list inside keeps errexit and ERR away: 'builtin eval' forgets what stands around it.
            q) \builtin eval "{ $__gs_m __gs_b=; } || __gs_b=1" >&8 ;;
            r)
              \builtin eval "__gs_t=\$'$__gs_m'"
              case :$SHELLOPTS: in *:history:*) \builtin history -s -- "$__gs_t" || __gs_b=1 ;; esac
              __gs_w=
              ;;
            d)
              case :$SHELLOPTS: in *:history:*) \builtin history -d -1 || __gs_b=1 ;; esac
              __gs_r=$__gs_m __gs_w=
              ;;
          esac
        fi
      fi
    else
      __gs_g "$__gs_b"
    fi
  done
  __gs_m=
  __gs_x='__gs_y "$__gs_u"'
  if [[ $__gs_r != 0 ]]; then __gs_x+=' && :'; fi
  # Rebuilding PIPESTATUS takes processes, so only for text that looks at it. 'case' leaves it as it is.
  if [[ ${#__gs_ps[@]} -gt 1 && $__gs_t == *PIPESTATUS* ]]; then
    for __gs_i in "${__gs_ps[@]}"; do __gs_m+="|(exit ${__gs_i//[!0-9]/})"; done
    __gs_x+="; { ${__gs_m#?} && case x in esac; } 2>/dev/null"
  fi
  __gs_x+="; $__gs_t"$'\n{ __gs_s=$? __gs_u=$_ __gs_ps=("${PIPESTATUS[@]}") __gs_f=$-; case $__gs_f in *[xv]*) __gs_d= set +xv;; esac; } 2>/dev/null'
} 2>/dev/null

# Questions, so that they are short: NONCE of the answers; a word; a function; a variable.
__gs_1() { \builtin printf '%s\0' "$__gs_b"; }
__gs_2() {
  \builtin type -at -- "$1"
  \builtin printf '\0'
  # Not by BASH_ALIASES: unset and made an indexed array, its index is arithmetic, which runs what the word holds.
  \builtin alias -- "$1"
  \builtin printf '\0'
  \builtin hash -t -- "$1"
  \builtin printf '\0'
  __gs_1
}
__gs_3() { \builtin declare -f -- "$1"; \builtin printf '\0'; __gs_1; }
__gs_4() { \builtin declare -p -- "$1"; \builtin printf '\0'; __gs_1; }

# The status, and tracing where it was on, as the text expects to find them.
__gs_y() { [[ -z $__gs_o ]] || \builtin set "-$__gs_o"; return "$__gs_r"; } 2>/dev/null

# The end of a submission: keeps the prompt hook in place and gives the status of the text.
__gs_e() {
  if [[ ${PROMPT_COMMAND[99]-} != '__gs_p "$?"' ]]; then PROMPT_COMMAND[99]='__gs_p "$?"'; fi
  return "${__gs_s:-$__gs_q}"
} 2>/dev/null

# Descriptors 8 and 9 again, but closed on exec, so that no program of a prompt hook or a trap inherits them. bash
# cannot set that flag; it copies it from its own saved descriptors, one of which is this one: $1 is saved, $2 is new.
__gs_h() {
  for __gs_i in 10 11 12 13 14 15 16 17 18 19; do
    if [[ /dev/fd/$__gs_i -ef /dev/fd/$1 ]]; then \builtin eval "exec $2$__gs_i"; return; fi
  done
}
exec 4>&8 5<&9 6>&8 3<&9 8>&- 9<&-
{ __gs_h 6 '8>&'; } 4>&-
{ __gs_h 3 '9<&'; } 5<&-
exec 3<&- 4>&- 5<&- 6>&- 7<&-

__gs_f= __gs_k=0 __gs_ps=() __gs_q=0 __gs_s= __gs_x= __gs_t= __gs_u= __gs_r=0
\builtin readonly -f __gs_p __gs_g __gs_l __gs_y __gs_e __gs_1 __gs_2 __gs_3 __gs_4
\builtin unset -f __gs_h
\builtin shopt -s expand_aliases

for __gs_t in "${__gs_rc[@]}"; do
  if [[ -f $__gs_t && -r $__gs_t ]]; then . "$__gs_t" <"$__gs_tty" 8>&- 9<&-; fi
done
# A login shell has loaded its history before its profiles could name another file.
if [[ $__gs_login ]]; then \builtin history -c; \builtin history -r; fi
PROMPT_COMMAND[99]='__gs_p "$?"'
\builtin unset __gs_rc __gs_tty __gs_i __gs_t
if [[ $__gs_login ]]; then __gs_p 0; fi
\builtin unset __gs_login
