#!/bin/sh
# Makes the environment of an image, without what no server needs at run time: environment.sh FOLDER
#   REQUIREMENTS: lists of FOLDER/app/requirements, without their endings.
set -eu
app=$1/app venv=$1/venv python=$1/venv/bin/python3

# The pip of another environment fills it, and stays behind.
python3 -m venv /build/pip
python3 -m venv --without-pip "$venv"
set --
for list in $REQUIREMENTS; do set -- "$@" -r "$app/requirements/$list.txt"; done
/build/pip/bin/python3 -m pip install --quiet --upgrade 'pip>=25.2,<27'
# Only what is imported is compiled (try_out.py): compiled files of everything take 60 MB.
/build/pip/bin/python3 -m pip --python "$python" install --quiet --no-compile "$@"

packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# ONNX Runtime for programs in C, which Python does not load, and tools that make and change models.
rm -f "$packages"/onnxruntime/capi/libonnxruntime.so.*
rm -rf "$packages"/onnxruntime/transformers "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools
rm -rf "$packages"/numpy/f2py "$packages"/numpy/distutils
find "$packages" -type d -name tests -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \) -delete
"$python" /build/strip.py "$packages"

printf '#!/bin/sh\nPYTHONPATH=%s exec %s -P -m clients.command.main "$@"\n' "$app" "$python" > "$venv/bin/stts"
chmod 755 "$venv/bin/stts"
