import os
import unittest
from unittest import mock

from measure import user as measured
from measure.subprocesses import OK, failure

PASSWD = "root:x:0:0:root:/root:/bin/sh\nengine:x:2000:2001::/home/engine:/usr/sbin/nologin\n\nbroken\n"
GROUP = "root:x:0:\nengine:x:2001:\nvideo:x:44:a,engine\n"


class UserTest(unittest.TestCase):
    def look(self, name, directory="/work"):
        """(facts of the user, arguments of the attempt)."""
        tried = []

        def find(path, fields):
            text = PASSWD if path == "/etc/passwd" else GROUP
            return [row for row in (line.split(":") for line in text.splitlines()) if len(row) >= fields]

        def try_as(*arguments):
            tried.append(arguments)
            return OK, OK

        environment = mock.patch.dict(os.environ, BASE_USER=name, IMAGE_WORKDIR=directory)
        with environment, mock.patch.object(measured, "lines_of", find), mock.patch.object(measured, "try_as", try_as):
            return measured.user(), tried

    def test_is_looked_up_as_docker_does(self):
        for name, wanted in (
            ("", (0, 0, [], "/root")), ("root", (0, 0, [], "/root")), ("engine", (2000, 2001, [44], "/home/engine")),
            ("2000", (2000, 2001, [44], "/home/engine")), ("engine:video", (2000, 44, [], "/home/engine")),
            ("engine:7", (2000, 7, [], "/home/engine")), ("2000:0", (2000, 0, [], "/home/engine")),
        ):
            with self.subTest(name):
                found, tried = self.look(name)
                self.assertEqual((found["entry"], found["group"]), (OK, OK))
                self.assertEqual(tried, [(*wanted, "/work")])

    def test_that_passwd_lacks_is_reported_by_name_and_by_number(self):
        for name in ("nobody-else", "77", "77:0", "²"):
            with self.subTest(name):
                self.assertEqual(
                    self.look(name)[0]["entry"], failure("/etc/passwd has no entry for " + name.partition(":")[0])
                )
        self.assertEqual(self.look("77")[1], [(77, 0, [], "/", "/work")])
        self.assertEqual(self.look("nobody-else")[1], [])

    def test_of_a_group_that_does_not_exist_is_reported(self):
        found, tried = self.look("engine:staff")
        self.assertEqual(
            (found["entry"], found["group"], tried), (OK, failure("/etc/group has no entry for staff"), [])
        )

    def test_can_enter_what_it_may(self):
        mine = (os.getuid(), os.getgid(), os.getgroups(), "/")
        with mock.patch.object(measured.os, "setgroups", lambda _: None):
            self.assertEqual(measured.try_as(*mine, "/"), [OK, OK])
            enter, python = measured.try_as(*mine, "/no-such-folder")
        self.assertEqual((enter, python), (failure("/no-such-folder: No such file or directory"), OK))
