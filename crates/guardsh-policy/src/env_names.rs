//! Variables whose value makes a shell or a common program run, load, trace or send something.

/// What such a variable does, in words; `None` where the name is in no table.
pub(crate) fn effect(name: &[u8]) -> Option<&'static str> {
    let name = std::str::from_utf8(name).ok()?;
    for (effect, names) in TABLE {
        let found = names
            .split_whitespace()
            .any(|entry| match entry.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == entry,
            });
        if found {
            return Some(effect);
        }
    }
    None
}

/// Effects and names; a star at the end stands for any rest.
const TABLE: &[(&str, &str)] = &[
    (
        "decides which programs and files names lead to",
        "PATH CDPATH FPATH MANPATH fpath path cdpath manpath BASH_CMDS BASH_ALIASES hash commands aliases \
         functions HOME PWD OLDPWD EXECIGNORE GLOBIGNORE FIGNORE fignore",
    ),
    (
        "makes a shell run or trace something",
        "BASH_ENV ENV ZDOTDIR PS0 PS1 PS2 PS3 PS4 PROMPT PROMPT2 PROMPT3 PROMPT4 RPROMPT RPS1 RPROMPT2 \
         PROMPT_COMMAND PROMPT_DIRTRIM BASH_XTRACEFD XTRACEFD SHELLOPTS BASHOPTS POSIXLY_CORRECT \
         BASH_FUNC_* BASH_LOADABLES_PATH BASH_COMPAT MAIL MAILPATH MAILCHECK mailpath TMOUT TRAPDEBUG \
         NULLCMD READNULLCMD HISTFILE HISTCMD HISTCONTROL HISTIGNORE HISTSIZE HISTFILESIZE FCEDIT INPUTRC \
         COMP_WORDBREAKS COMPREPLY precmd_functions preexec_functions chpwd_functions \
         zshexit_functions periodic_functions zshaddhistory_functions command_not_found_handle \
         SHELL BASH BASH_ARGV0 KSH_VERSION",
    ),
    (
        "changes how the shell splits and reads words",
        "IFS WORDCHARS histchars HISTCHARS TIMEFMT KEYTIMEOUT",
    ),
    (
        "makes the loader run other code in every program",
        "LD_* DYLD_* GCONV_PATH GETCONF_DIR GLIBC_TUNABLES MALLOC_* NLSPATH LOCPATH LOCALDOMAIN \
         TEXTDOMAIN TEXTDOMAINDIR HOSTALIASES RES_OPTIONS RESOLV_* TZDIR NIS_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX \
         CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH PKG_CONFIG* OPENSSL_CONF \
         OPENSSL_ENGINES OPENSSL_MODULES SSLKEYLOGFILE P11_KIT_* XDG_* TERMINFO TERMINFO_DIRS TERMCAP \
         TERMPATH",
    ),
    (
        "names a program that others start",
        "PAGER MANPAGER GIT_PAGER SYSTEMD_PAGER SYSTEMD_PAGERSECURE BAT_PAGER DELTA_PAGER AWS_PAGER \
         GH_PAGER PSQL_PAGER EDITOR VISUAL SUDO_EDITOR SYSTEMD_EDITOR GIT_EDITOR KUBE_EDITOR SVN_EDITOR \
         HGEDITOR PSQL_EDITOR CVSEDITOR BROWSER DIFFPROG MERGE SUDO_ASKPASS SSH_ASKPASS \
         SSH_ASKPASS_REQUIRE GIT_ASKPASS SVN_SSH CVS_RSH RSYNC_RSH RSYNC_CONNECT_PROG RSH TAPE \
         XTERM_SHELL TERMINAL CC CXX CPP LD AR AS NM RANLIB STRIP OBJCOPY FC F77 MAKE LEX YACC AWK SED \
         GREP M4 PYTHON PERL RUBY TAR_OPTIONS TAR GZIP XZ_OPT XZ_DEFAULTS BZIP2 ZIPOPT UNZIP ZSTD_* \
         LESSOPEN LESSCLOSE LESSEDIT LESS LESSKEY LESSKEYIN LESSKEY_CONTENT LESSKEYIN_SYSTEM LESSSECURE \
         LESSSECURE_ALLOW LESSHISTFILE MORE LV MANOPT MANROFFSEQ MANLESS MANSECT MAN_* GROFF_* \
         GREP_OPTIONS GREP_COLORS RIPGREP_CONFIG_PATH FZF_* BAT_* ACK* AG_* JQ_* TREE_COLORS \
         POSIX_PAGER DEBUGINFOD_* DEBUGINFOD_URLS",
    ),
    (
        "makes git or ssh run or reach something",
        "GIT_* SSH_* GPG_* GNUPGHOME HG* HGRCPATH SVN_* BZR_* EMAIL",
    ),
    (
        "makes an interpreter or a build load other code",
        "PYTHON* VIRTUAL_ENV PIP_* UV_* POETRY_* CONDA_* PERL* RUBY* BUNDLE_* GEM_* IRBRC NODE_* NPM_* \
         npm_* YARN_* PNPM_* BUN_* DENO_* COREPACK_* TS_NODE_* ELECTRON_* PHPRC PHP_* COMPOSER_* LUA_* \
         JAVA_* _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_TOOL_OPTIONS CLASSPATH MAVEN_* GRADLE_* SBT_* ANT_* \
         KOTLIN_* SCALA_* GROOVY_* CLOJURE_* LEIN_* GO* CGO_* RUSTC* RUSTDOC* RUSTFLAGS RUSTUP_* CARGO* \
         MAKEFLAGS MAKEFILES MAKELEVEL GNUMAKEFLAGS MFLAGS CFLAGS CXXFLAGS CPPFLAGS LDFLAGS LDLIBS \
         CMAKE_* CTEST_* MESON* NINJA_* CCACHE_* SCCACHE_* DISTCC_* AUTOCONF AUTOMAKE ACLOCAL* LIBTOOL* \
         R_* RENVIRON* RPROFILE* JULIA_* GHC* CABAL_* STACK_* OCAML* OPAM* ERL_* ELIXIR_* MIX_* HEX_* \
         TCL* TK_* EMACS* VIM* VIMINIT EXINIT MYVIMRC GVIMINIT NVIM_* PSQLRC PG* MYSQL_* SQLITE_* \
         DOTNET_* NUGET_* MSBUILD* POWERSHELL_* PSModulePath SCREENRC TMUX TMUX_* STY INSIDE_EMACS \
         ANSIBLE_* TF_* PULUMI_* VAULT_* PACKER_* VAGRANT_* DIRENV_*",
    ),
    (
        "sends a program to other servers, files or credentials",
        "http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY \
         NO_PROXY RSYNC_PROXY CURL_* WGETRC SYSTEM_WGETRC SSL_CERT_* REQUESTS_CA_BUNDLE AWS_* AZURE_* \
         GOOGLE_* CLOUDSDK_* GCP_* GH_* GITHUB_* GITLAB_* KUBE* HELM_* DOCKER_* BUILDKIT_* \
         COMPOSE_* CONTAINER_* PODMAN_* REGISTRY_* NETRC FTP_* LFTP_* KRB5* DISPLAY XAUTHORITY \
         WAYLAND_DISPLAY DBUS_* SYSTEMD_* NOTIFY_SOCKET LISTEN_*",
    ),
    ("decides where programs write", "TMPDIR TMP TEMP TMPPREFIX"),
    ("is guardsh's own", "GUARDSH*"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_run_things_are_known_and_plain_ones_are_not() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "BASH_ENV",
            "ENV",
            "IFS",
            "PS4",
            "PROMPT_COMMAND",
            "GIT_SSH_COMMAND",
            "GIT_PAGER",
            "PAGER",
            "EDITOR",
            "VISUAL",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PERL5OPT",
            "PERL5LIB",
            "NODE_OPTIONS",
            "RUSTC_WRAPPER",
            "CDPATH",
            "SHELLOPTS",
            "BASHOPTS",
            "HISTFILE",
            "ZDOTDIR",
            "MAILPATH",
            "LESSOPEN",
            "LESS",
            "LESSSECURE",
            "MANPAGER",
            "GREP_OPTIONS",
            "TAR_OPTIONS",
            "CURL_HOME",
            "http_proxy",
            "HOME",
            "BASH_FUNC_ls%%",
            "GUARDSH_FEEDBACK",
            "TMPDIR",
        ] {
            assert!(effect(name.as_bytes()).is_some(), "{name}");
        }
        for name in [
            "x", "i", "file", "count", "FOO", "LANG", "LC_ALL", "TERM", "result", "line", "dir",
        ] {
            assert_eq!(effect(name.as_bytes()), None, "{name}");
        }
    }
}
