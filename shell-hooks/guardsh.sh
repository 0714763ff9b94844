# guardsh: what a guarded dash runs before its first prompt. The way of a line is that of guardsh.bash; dash has no
# arrays, no $'…' and no prompt hook, so the text comes quoted, messages end with a newline, and the report is made by
# the same line that ran the text. After an interrupt no report comes: guardsh sees that the shell reads again.
#
# The first line, which guardsh puts before this one, sets __gs_tty, __gs_login, __gs_env and ENV.
__gs_nl='
'
# Says that the submission is over, reads the one nonce for it, and reports with it: STATUS UNDERSCORE.
__gs_r() {
  __gs_t= __gs_m= __gs_k=$((__gs_k + 1)) __gs_i=0
  printf 'P %s\0' "$__gs_k" >&8
  while :; do
    case $__gs_m in "p $__gs_k "*) break ;; esac
    __gs_m=
    if IFS= read -r __gs_m <&9; then __gs_i=0; else __gs_g; fi
  done
  printf 'R %s %s %s\0' "${__gs_m##* }" "$1" "$-" >&8
  __gs_m=
  return "$1"
} 2>/dev/null

# A read that failed: a signal is told from the end of the channel by trying again.
__gs_g() {
  __gs_i=$((__gs_i + 1))
  case $__gs_i in
    [4-9]*) exit 125 ;;
    [1-3]?*) exit 125 ;;
  esac
}
__gs_y() { return "$__gs_s"; }
__gs_v() { :; }

# The wait: NONCE STATUS UNDERSCORE [positional parameters of the shell].
__gs_l() {
  __gs_j=$1 __gs_s=$2 __gs_u=$3 __gs_t= __gs_i=0 __gs_w=1
  shift 3
  # These two stand in what is evaluated: never with anything but what belongs there.
  __gs_nl='
'
  case $__gs_x in 'set -x;') ;; *) __gs_x= ;; esac
  while case $__gs_w in 1) ;; *) ! : ;; esac do
    __gs_m=
    if IFS= read -r __gs_m <&9; then
      __gs_i=0
      case $__gs_m in
        "$__gs_j "[qrd]" "*" $__gs_j")
          __gs_m=${__gs_m#"$__gs_j "} __gs_m=${__gs_m%" $__gs_j"}
          __gs_c=${__gs_m%%" "*} __gs_m=${__gs_m#*" "}
          __gs_n=${__gs_m%%" "*} __gs_m=${__gs_m#*" "}
          case ${#__gs_m} in
            "$__gs_n")
              case $__gs_c in
                q) eval "$__gs_m" >&8 || : ;;
                r) eval "__gs_t=$__gs_m" && __gs_w= ;;
                d) __gs_s=$__gs_m __gs_w= ;;
              esac
              ;;
          esac
          ;;
      esac
    else
      __gs_g
    fi
  done
  __gs_m=
} 2>/dev/null
__gs_k=0 __gs_x= __gs_t= __gs_m= __gs_s=0 __gs_u=
exec 7<&-
for __gs_m in "${__gs_login:+/etc/profile}" "${__gs_login:+$HOME/.profile}" "$__gs_env"; do
  case $__gs_m in
    ?*) if [ -r "$__gs_m" ]; then . "$__gs_m" <"$__gs_tty" 8>&- 9<&-; fi ;;
  esac
done
unset __gs_env __gs_tty __gs_login
__gs_m=
