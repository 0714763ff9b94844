//! The editor behind a real terminal device, as its driver has it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use portable_pty::{PtySize, native_pty_system};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// Reads the device, feeds the editor and answers each line, until the end of input.
fn drive(path: &std::path::Path) {
    let mut device = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut editor = Editor::new(options(30, 10));
    editor.set_continuation_prompt(b"> ");
    let prompt = |device: &mut std::fs::File, editor: &mut Editor| {
        device.write_all(PROMPT).unwrap();
        device.write_all(&editor.begin(PROMPT)).unwrap();
    };
    prompt(&mut device, &mut editor);
    let mut buffer = [0; 512];
    loop {
        let got = device.read(&mut buffer).unwrap();
        let mut rest = &buffer[..got];
        while !rest.is_empty() {
            let fed = editor.feed(rest);
            device.write_all(&fed.output).unwrap();
            rest = &rest[fed.consumed..];
            match fed.event {
                Some(EditorEvent::Submit(line)) => {
                    device
                        .write_all(format!("<{}>\r\n", cells::shown(&line)).as_bytes())
                        .unwrap();
                }
                Some(EditorEvent::EndOfInput) => return,
                Some(EditorEvent::Interrupt | EditorEvent::TooLong) => {}
                None => continue,
            }
            prompt(&mut device, &mut editor);
        }
    }
}

/// Waits until the screen holds `wanted`.
fn wait_for(screen: &mut vt100::Parser, bytes: &Receiver<Vec<u8>>, wanted: &str) {
    let start = Instant::now();
    while !screen.screen().contents().contains(wanted) {
        let left = PATIENCE.saturating_sub(start.elapsed());
        let Ok(more) = bytes.recv_timeout(left) else {
            panic!("no {wanted:?} in {:?}", screen.screen().contents());
        };
        screen.process(&more);
    }
}

#[test]
fn a_person_at_a_real_terminal_can_edit_paste_and_type_ahead() {
    let size = PtySize {
        rows: 10,
        cols: 30,
        ..PtySize::default()
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let path = pair.master.tty_name().unwrap();
    let stty = Command::new("stty")
        .arg("-F")
        .arg(&path)
        .args(["raw", "-echo"])
        .status();
    assert!(stty.unwrap().success());
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (sender, bytes) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(got) = reader.read(&mut buffer) {
            if got == 0 || sender.send(buffer[..got].to_vec()).is_err() {
                break;
            }
        }
    });
    let driver = thread::spawn(move || drive(&path));
    let mut keys = pair.master.take_writer().unwrap();
    let mut screen = vt100::Parser::new(
        NonZeroU16::new(10).unwrap(),
        NonZeroU16::new(30).unwrap(),
        0,
    );
    wait_for(&mut screen, &bytes, "user$ ");
    keys.write_all("echo 漢字x\x7f\x01\x1bf!\r".as_bytes())
        .unwrap();
    wait_for(&mut screen, &bytes, "user$ echo! 漢字\n<echo! 漢字>\nuser$");
    keys.write_all(b"\x1b[200~a\nb\x1b[201~ \\\rc\rnext\rlast")
        .unwrap();
    wait_for(
        &mut screen,
        &bytes,
        "user$ a\n> b \\\n> c\n<a^Jb \\^Jc>\nuser$ next\n<next>\nuser$ last",
    );
    keys.write_all(b"\x15\x04").unwrap();
    let start = Instant::now();
    while !driver.is_finished() && start.elapsed() < PATIENCE {
        thread::yield_now();
    }
    assert!(
        driver.is_finished(),
        "Ctrl-D on an empty line ends the input"
    );
    driver.join().unwrap();
}
