@echo off
rem Lamina's command on Windows. Builds on first use; needs a JDK 17 or later, and Maven to build.
rem   tools\lamina train         trains on the embedded images
rem After a change of the sources delete target\.lamina-built. LAMINA_JAVA_OPTS adds options of the JVM.
setlocal
for %%i in ("%~dp0..") do set "root=%%~fi"
if exist "%root%\target\.lamina-built" goto built
where mvn >nul 2>nul
if errorlevel 1 (
  echo lamina: Maven, mvn, must be on the PATH to build Lamina; install it 1>&2
  exit /b 2
)
echo building Lamina, the first time also fetches about 200 MB of libraries 1>&2
del /q "%root%\target\lamina-*.jar" 2>nul
call mvn -B -q -f "%root%\pom.xml" -Dmaven.test.skip=true package 1>&2
if errorlevel 1 exit /b 2

:built
rem The last one: those of sources and Javadoc come before it.
for %%j in ("%root%\target\lamina-*.jar") do set "jar=%%j"
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java.exe"
if defined JAVA_HOME if not exist "%java%" goto nojava
if not defined JAVA_HOME where java >nul 2>nul
if not defined JAVA_HOME if errorlevel 1 goto nojava
if not defined TF_ENABLE_ONEDNN_OPTS set "TF_ENABLE_ONEDNN_OPTS=1"
if not defined TF_CPP_MIN_LOG_LEVEL set "TF_CPP_MIN_LOG_LEVEL=3"
set "collector=-XX:+UseSerialGC"
echo %LAMINA_JAVA_OPTS% | findstr /r /c:"-XX:+Use.*GC" >nul && set "collector="
rem The output is UTF-8; the console gets its own code page back.
for /f "tokens=2 delims=:." %%c in ('chcp') do set "page=%%c"
chcp 65001 >nul
"%java%" %collector% -Djava.awt.headless=true -Dfile.encoding=UTF-8 -Dsun.misc.unsafe.memory.access=allow ^
  "-Dlamina.command=%~f0" %LAMINA_JAVA_OPTS% -jar "%jar%" %*
set "status=%errorlevel%"
if defined page chcp %page% >nul
exit /b %status%

:nojava
echo lamina: "%java%" does not exist; install a JDK 17 or later, or set JAVA_HOME to one 1>&2
exit /b 2
